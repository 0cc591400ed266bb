"""What `python -m training` can be told: its commands and their options."""

import argparse
import math
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from artifacts.queries.query import DEFAULT_LIMIT, Repeat
from artifacts.shared_limits import MAX_LIMIT
from training.picks.files import Excel
from training.picks.write_picks import WORKING_MIB

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def command_line(description: str | None) -> argparse.ArgumentParser:
    """The command line's parser; what it finds has the command's name as `command`."""
    parser = argparse.ArgumentParser(prog="python -m training", description=description)
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
        "--seeds",
        type=_whole_number,
        default=1,
        metavar="N",
        help="fit the recipe with N seeds and state the spread (1)",
    )


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
    command.add_argument(
        "--users",
        type=Path,
        metavar="FILE",
        help="user ids, one a line or a CSV with a header (default: all known users)",
    )
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
    command.add_argument("--reason", action="store_true", help="add a column with why each item was picked, in words")
    command.add_argument(
        "--excel",
        nargs="?",
        type=Excel,
        choices=[*Excel],
        const=Excel.SEMICOLON,
        help="a CSV that Excel opens as a table: semicolons and decimal commas (the default), or commas and points",
    )
    command.add_argument(
        "--working-mib",
        type=_whole_number,
        default=WORKING_MIB,
        metavar="N",
        help="memory that each process answers in, beside its rows and the model, which all share (%(default)s)",
    )
    command.add_argument("--quiet", action="store_true", help="no progress bar")


def _reason(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("a reason is needed")
    return text


def _whole_number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_LIMIT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MAX_LIMIT}")
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
