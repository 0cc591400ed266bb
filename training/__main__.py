"""`python -m training`: train and publish a version, write its picks to a file, evaluate a recipe, tune it."""

import sys

from training.stopping import Terminated, exit_code, stop_at_once, stoppable

if __name__ == "__main__":
    stop_at_once()  # loading the libraries takes seconds, in which someone may change their mind

import argparse
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from artifacts.config import artifacts_dir
from artifacts.errors import ArtifactError
from artifacts.publishing.disk import told_of_full_disk, writing_to
from artifacts.publishing.manifest import REPORT_NAME, read_manifest
from artifacts.publishing.store import Store
from artifacts.queries.query import Filters, Query, Repeat
from artifacts.terminal import escape_unprintable
from training.arguments import command_line
from training.config import Config, Data, load_config
from training.errors import GateError, PicksError, TrainingError
from training.evaluation.table import as_text
from training.job import measure, train
from training.live.settings import read_live_settings
from training.picks.write_picks import write_picks
from training.sample_shop.shop import generate
from training.selection.tune import Budget, tune
from training.summary import summarise

FAILED = 2
REFUSED = 3
SAMPLE_SEED = 7
# What a run that was told to stop leaves behind.
LEFT: Mapping[str, str] = {
    "train": "nothing was published",
    "evaluate": "no report was written",
    "tune": "nothing was written but the trials so far, with which the next run goes on",
    "picks": "the file is as it was, and the next run goes on from here",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when done. With a message on standard error, 2 for input that cannot be used, 3 for a version
    that the gate refuses, and 130 or 143 when told to stop by Ctrl-C or SIGTERM."""
    escape_unprintable()
    options = command_line(__doc__).parse_args(arguments)
    try:
        with stoppable():
            COMMANDS[options.command](options)
    except GateError as error:
        return _end(options, str(error), REFUSED)
    except (TrainingError, ArtifactError, OSError) as error:
        return _end(options, told_of_full_disk(error, _fullest_disk()) or str(error), FAILED)
    except KeyboardInterrupt:
        return _end(options, f"stopped: {LEFT[options.command]}", exit_code(signal.SIGINT))
    except Terminated:
        return _end(options, f"stopped: {LEFT[options.command]}", exit_code(signal.SIGTERM))
    return 0


def _fullest_disk() -> Path:
    """Where there was no room, of the places that are written to, when an error does not say."""
    places = (Path(), Path(tempfile.gettempdir()), artifacts_dir(os.environ))
    return min((place for place in places if place.is_dir()), key=lambda place: shutil.disk_usage(place).free)


def _end(options: argparse.Namespace, message: str, code: int) -> int:
    print(f"{options.command}: {message}", file=sys.stderr)
    return code


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
        reasons=options.reason,
        excel=options.excel,
    )
    print(
        f"wrote {options.out}: {tally.picks:,} picks for {tally.users:,} users, "
        f"{tally.unknown:,} of them unknown (popular items), {tally.empty:,} without picks"
    )
    if tally.repeated:
        print(f"{options.users}: ids that come again, and have their rows once: {tally.repeated:,}")
    if tally.blank:
        print(f"{options.users}: rows without an id, which are left out: {tally.blank:,}")


def _with_sample_shop(config: Config, store: Store) -> Config:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    store.check_writable()
    with writing_to(store.root):
        shop = generate(SAMPLE_SEED, store.root / "sample-shop", yesterday)
    data = Data(source=str(shop.purchases), catalogue=str(shop.catalogue))
    return config.model_copy(update={"data": data})


COMMANDS: Mapping[str, Callable[[argparse.Namespace], None]] = {
    "train": _train,
    "evaluate": _evaluate,
    "tune": _tune,
    "picks": _picks,
}


if __name__ == "__main__":
    sys.exit(main())
