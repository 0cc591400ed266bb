"""`python -m artifacts`: look after the published versions."""

import argparse
import os
import sys
from collections.abc import Container, Mapping, Sequence
from typing import Any

from artifacts.config import artifacts_dir
from artifacts.errors import ArtifactError, BrokenVersionError, NoVersionError
from artifacts.publishing.manifest import FileEntry, Manifest, parse_created, read_manifest
from artifacts.publishing.store import DEFAULT_KEEP, Store
from artifacts.terminal import escape_unprintable

HEADLINE_METRICS = 3
FAILURE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command on the store of `ARTIFACTS_DIR`; answer the exit code, 0 or 2."""
    escape_unprintable()
    options = _parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](Store(artifacts_dir(os.environ)), options)
    except (ArtifactError, OSError) as error:
        return _fail(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m artifacts",
        description="Look after the published model versions in the directory ARTIFACTS_DIR, and what answers.",
        epilog="Exits with 0 when all is well, with 2 and one line on stderr otherwise.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, about: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=about, description=about)

    add("list", "Show the published versions, oldest first, and which one is current.")

    verify = add("verify", "Check a version's files against its manifest: sizes, sha256, shapes, dtypes.")
    which = verify.add_mutually_exclusive_group()
    which.add_argument("version", nargs="?", metavar="VERSION", help="default: the current version")
    which.add_argument("--all", action="store_true", help="check every version")

    rollback = add("rollback", "Make an earlier version current, after verifying it. Nothing is removed.")
    rollback.add_argument("--to", metavar="VERSION", help="default: the last good one before the current one")

    prune = add("prune", "Remove old versions, never the current one nor the last good one before it.")
    prune.add_argument(
        "--keep",
        type=_positive,
        default=DEFAULT_KEEP,
        metavar="N",
        help="how many of the newest versions to keep (default: %(default)s)",
    )
    add("compile", "Compile what answers recommendations, where that is not done yet for this kind of machine.")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _list(store: Store, _options: argparse.Namespace) -> int:
    versions = store.versions()
    if not versions:
        raise NoVersionError(f"{store.root}: no version is published")
    current = _current(store)
    rows = [(version, "current" if version == current else "", *_facts(store, version)) for version in versions]
    _print_table([("version", "", "created", "users", "items", "size", "metrics"), *rows], numeric={3, 4, 5})
    store.current()
    return 0


def _current(store: Store) -> str | None:
    try:
        return store.current()
    except ArtifactError:
        return None


def _facts(store: Store, version: str) -> tuple[str, ...]:
    try:
        manifest = read_manifest(store.path(version))
    except ArtifactError:
        return ("unreadable", "", "", "", "see verify")
    return (
        f"{parse_created(manifest.created):%Y-%m-%d %H:%M} UTC",
        str(manifest.data.get("n_users", "-")),
        str(manifest.data.get("n_items", "-")),
        _size(_total(manifest)),
        _headline(manifest.metrics),
    )


def _headline(metrics: Mapping[str, Any]) -> str:
    numbers = [f"{name} {value:.4g}" for name, value in metrics.items() if isinstance(value, int | float)]
    return ", ".join(numbers[:HEADLINE_METRICS]) or "-"


def _total(manifest: Manifest) -> int:
    return sum(entry.size for entry in manifest.files.values())


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e5 else f"{n_bytes / 1e3:,.1f} kB"


def _print_table(rows: Sequence[Sequence[str]], numeric: Container[int]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, strict=True)
        print("  ".join(f"{c:>{w}}" if i in numeric else f"{c:<{w}}" for i, (c, w) in enumerate(cells)).rstrip())


def _verify(store: Store, options: argparse.Namespace) -> int:
    versions = store.versions() if options.all else [_named(store, options.version)]
    if not versions:
        raise NoVersionError(f"{store.root}: no version is published")
    return max(_verify_one(store, version) for version in versions)


def _named(store: Store, version: str | None) -> str:
    return store.current() if version is None else version


def _verify_one(store: Store, version: str) -> int:
    try:
        manifest = store.verify(version)
    except BrokenVersionError as error:
        for problem in error.problems:
            _fail(f"{error.directory}: {problem}")
        return FAILURE
    except ArtifactError as error:
        return _fail(str(error))
    print(f"{version}: good")
    _print_table([_checked(name, entry) for name, entry in sorted(manifest.files.items())], numeric={1})
    print(f"  {len(manifest.files)} files, {_size(_total(manifest))}: sizes, sha256, shapes and dtypes agree")
    return 0


def _checked(name: str, entry: FileEntry) -> tuple[str, ...]:
    array = "" if entry.shape is None else f"{' x '.join(map(str, entry.shape))} {entry.dtype}"
    return (f"  {name}", _size(entry.size), array)


def _rollback(store: Store, options: argparse.Namespace) -> int:
    before = _current(store) or "none"
    print(f"current: {store.rollback(options.to)} (was {before})")
    return 0


def _prune(store: Store, options: argparse.Namespace) -> int:
    pruned = store.prune(options.keep)
    for version in pruned:
        print(f"removed {version}")
    print(f"removed {len(pruned)}, kept {len(store.versions())}")
    return 0


def _compile(_store: Store, _options: argparse.Namespace) -> int:
    from artifacts.core.build import build  # noqa: PLC0415  # LLVM is large, and only here of use

    for path in build():
        print(path)
    return 0


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return FAILURE


_COMMANDS = {"list": _list, "verify": _verify, "rollback": _rollback, "prune": _prune, "compile": _compile}

if __name__ == "__main__":
    sys.exit(main())
