"""`python -m benchmarks`: measure the service side by side with its floors and peers."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from artifacts.errors import ArtifactError
from benchmarks.part import Bench, BenchError, Part
from benchmarks.parts import PARTS
from benchmarks.results import RESULTS, current_commit, save
from benchmarks.stores import SIZES, describe_shop, find_store
from benchmarks.table import Row, render

DEFAULT_DIRECTORY = Path("build/bench")
ROUNDS = 5
FAILURE = 2
DESCRIPTION = """Measure the service side by side with its floors and peers, in alternating rounds, on shops of three
sizes: S is trained on --data, M and L are generated. Prints one table; writes it, and all figures, to --results."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen parts on the chosen shops; answer the exit code: 0, or 2 where one could not be measured."""
    options = _parser().parse_args(arguments)
    bench = Bench(options.rounds, options.directory, options.data, options.config, options.store)
    bench.directory.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    failed = False
    for part, size in _chosen(options.part, options.size):
        try:
            rows += _measure(bench, part, size, options.results)
        except (BenchError, ArtifactError) as error:
            failed = True
            print(f"bench: {part.name} {size}: {error}", file=sys.stderr)
    print(render(rows), end="")
    return FAILURE if failed else 0


def _chosen(names: Sequence[str], sizes: Sequence[str]) -> list[tuple[Part, str]]:
    parts = [part for part in PARTS if part.name in names]
    return [(part, size) for size in sizes for part in parts if size in part.sizes]


def _measure(bench: Bench, part: Part, size: str, results: Path) -> list[Row]:
    rows, commit = [], current_commit()
    for row in part.measure(bench, size):
        print(
            f"{part.name} {size}: {row.name}: {', '.join(f'{figure:.3g}' for figure in row.figures)}", file=sys.stderr
        )
        rows.append(row)
    shop = describe_shop(find_store(bench, size)) if part.serves else None
    save(results, rows, commit, shop)
    return rows


def _parser() -> argparse.ArgumentParser:
    names = [part.name for part in PARTS]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=DESCRIPTION,
        epilog="\n".join(["parts:", *(f"  {part.name:12} {part.about} ({', '.join(part.sizes)})" for part in PARTS)]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--part", nargs="+", choices=names, default=names, metavar="PART", help="default: all")
    parser.add_argument("--size", nargs="+", choices=SIZES, default=SIZES, metavar="SIZE", help="default: S M L")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help="default: %(default)s")
    parser.add_argument("--data", help="what S is trained on, a path or URL; default: the sample shop")
    parser.add_argument("--config", type=Path, help="the TOML file of that training")
    parser.add_argument("--store", type=Path, help="a directory of published versions, to take S from instead")
    parser.add_argument(
        "--directory",
        type=Path,
        default=os.environ.get("BENCH_DIR") or DEFAULT_DIRECTORY,
        help="where shops are kept once made; default: BENCH_DIR, or build/bench",
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: benchmarks/results")
    return parser


if __name__ == "__main__":
    sys.exit(main())
