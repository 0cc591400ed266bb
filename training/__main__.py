"""`python -m training`: train and publish a version, write its picks to a file, evaluate a recipe, tune it."""

import argparse
import math
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from artifacts.config import artifacts_dir
from artifacts.errors import ArtifactError
from artifacts.publishing.manifest import REPORT_NAME, read_manifest
from artifacts.publishing.store import Store
from artifacts.queries.query import DEFAULT_LIMIT, Filters, Query, Repeat
from training.config import Config, Data, load_config
from training.errors import GateError, PicksError, TrainingError
from training.evaluation.table import as_text
from training.job import measure, train
from training.live.settings import read_live_settings
from training.picks.write_picks import WORKING_MIB, write_picks
from training.sample_shop.shop import generate
from training.selection.tune import Budget, tune
from training.summary import summarise

FAILED = 2
REFUSED = 3
SAMPLE_SEED = 7
MAX_LIMIT = 100  # picks a user, as over HTTP

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when done. With a message on standard error, 2 for input that cannot be used and 3 for a
    version that the gate refuses."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except GateError as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return REFUSED
    except (TrainingError, ArtifactError, OSError) as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train(commands)
    _add_picks(commands)
    _add_evaluate(commands)
    _add_tune(commands)
    return parser


def _add_train(commands: Commands) -> None:
    command = commands.add_parser(
        "train",
        help="train on purchases and publish a version",
        description="Train on purchases and publish a version. Without data, on the bundled sample shop.",
    )
    _add_input(command)
    command.add_argument(
        "--force", type=_reason, metavar="REASON", help="publish a version that the gate refuses, and say why"
    )
    command.set_defaults(run=_train)


def _add_evaluate(commands: Commands) -> None:
    command = commands.add_parser(
        "evaluate",
        help="measure the recipe and its baselines on past windows",
        description="Measure the recipe and its baselines on the last window of the data and on earlier ones, and "
        "write the HTML report. Publishes nothing. Without data, on the bundled sample shop.",
    )
    _add_input(command)
    command.add_argument(
        "--out", type=Path, metavar="DIR", help="where report.html goes (default: evaluation/ in the store)"
    )
    command.add_argument(
        "--seeds", type=_seeds, default=1, metavar="N", help="fit the recipe with N seeds and state the spread (1)"
    )
    command.set_defaults(run=_evaluate)


def _add_tune(commands: Commands) -> None:
    command = commands.add_parser(
        "tune",
        help="search hyper-parameters and write a configuration",
        description="Search the settings of [model] on the window before the test window and write the configuration "
        "with what was found, for train. Started again, it goes on with the trials in FILE.trials; Ctrl-C ends it with "
        "what was found until then. Without data, on the bundled sample shop.",
    )
    _add_input(command)
    command.add_argument("--out", type=Path, required=True, metavar="FILE.toml", help="where the configuration goes")
    command.add_argument("--minutes", type=_minutes, default=30.0, metavar="N", help="how long to search (30)")
    command.set_defaults(run=_tune)


def _add_input(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", metavar="PATH-OR-URL", help="purchases: a file, directory, glob or URL")
    command.add_argument("--config", type=Path, metavar="FILE.toml", help="columns, cleaning and model settings")
    command.add_argument("--quiet", action="store_true", help="no progress bars")


def _add_picks(commands: Commands) -> None:
    command = commands.add_parser(
        "picks",
        help="write picks for every known user to a file",
        description="Write the published version's picks to a file, one row a pick, with what the service answers for "
        "the same users and parameters. A run that was cut short goes on where it was when it is started again.",
    )
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="ends in .ndjson, .csv or .parquet")
    command.add_argument("--users", type=Path, metavar="FILE", help="user ids, one a line (default: all known users)")
    command.add_argument("--limit", type=_limit, default=DEFAULT_LIMIT, metavar="N", help="picks a user (%(default)s)")
    command.add_argument("--exclude", action="append", default=[], metavar="ITEM", help="repeatable")
    command.add_argument("--category", action="append", default=[], help="of these only; repeatable")
    command.add_argument("--min-price", type=_price, metavar="PRICE", help="inclusive")
    command.add_argument("--max-price", type=_price, metavar="PRICE", help="inclusive")
    command.add_argument("--no-in-stock", dest="in_stock", action="store_false", help="also what is not available")
    command.add_argument(
        "--repeat",
        choices=[policy.value for policy in Repeat],
        default=Repeat.EXCLUDE.value,
        help="what to do with items the user already bought (%(default)s)",
    )
    command.add_argument(
        "--no-personalized", dest="personalized", action="store_false", help="popular items: reads nothing of the users"
    )
    command.add_argument(
        "--working-mib",
        type=_mib,
        default=WORKING_MIB,
        metavar="N",
        help="memory that each process answers in, beside its rows and the model, which all share (%(default)s)",
    )
    command.add_argument("--quiet", action="store_true", help="no progress bar")
    command.set_defaults(run=_picks)


def _reason(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("a reason is needed")
    return text


def _mib(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_LIMIT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MAX_LIMIT}")
    return int(text)


def _seeds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _minutes(text: str) -> float:
    with suppress(ValueError):
        if 0 < float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes")


def _price(text: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = math.nan
    if not 0 <= price < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a price")
    return price


def _train(options: argparse.Namespace) -> None:
    store = Store(artifacts_dir(os.environ))
    live = read_live_settings(os.environ)
    version = train(_config(options, store), store, not options.quiet, options.force, live)
    print(summarise(read_manifest(store.path(version))))
    print(f"\npublished {version} in {store.path(version)}")


def _evaluate(options: argparse.Namespace) -> None:
    store = Store(artifacts_dir(os.environ))
    directory = options.out or store.root / "evaluation"
    live = read_live_settings(os.environ)
    evaluation = measure(_config(options, store), store, directory, not options.quiet, options.seeds, live=live)
    print(as_text(evaluation))
    print(f"report: {directory / REPORT_NAME}")


def _tune(options: argparse.Namespace) -> None:
    config = _config(options, Store(artifacts_dir(os.environ)))
    live = read_live_settings(os.environ)
    tuned = tune(config, options.config, options.out, Budget(60 * options.minutes), not options.quiet, live=live)
    print(f"{tuned.text}\nwrote {options.out}")


def _config(options: argparse.Namespace, store: Store) -> Config:
    config = load_config(options.config, options.data)
    return config if config.data.source is not None else _with_sample_shop(config, store)


def _picks(options: argparse.Namespace) -> None:
    if None not in (options.min_price, options.max_price) and options.max_price < options.min_price:
        raise PicksError(f"--max-price {options.max_price} is below --min-price {options.min_price}")
    query = Query(
        limit=options.limit,
        exclude=tuple(options.exclude),
        filters=Filters(tuple(options.category), options.min_price, options.max_price, options.in_stock),
        repeat=Repeat(options.repeat),
        personalized=options.personalized,
    )
    live = read_live_settings(os.environ)
    tally = write_picks(
        Store(artifacts_dir(os.environ)),
        options.out,
        query,
        options.users,
        not options.quiet,
        working_mib=options.working_mib,
        live=live,
    )
    print(
        f"wrote {options.out}: {tally.picks:,} picks for {tally.users:,} users, "
        f"{tally.unknown:,} of them unknown (popular items), {tally.empty:,} without picks"
    )


def _with_sample_shop(config: Config, store: Store) -> Config:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    shop = generate(SAMPLE_SEED, store.root / "sample-shop", yesterday)
    data = Data(source=str(shop.purchases), catalogue=str(shop.catalogue))
    return config.model_copy(update={"data": data})


if __name__ == "__main__":
    sys.exit(main())
