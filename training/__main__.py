"""`python -m training`: train and publish a version."""

import argparse
import sys
from pathlib import Path

from artifacts.config import artifacts_dir
from artifacts.errors import ArtifactError
from artifacts.store import Store
from training.config import Config, Data, load_config
from training.errors import TrainingError
from training.job import train
from training.sample_shop import generate

FAILED = 2
SAMPLE_SEED = 7


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when done, 2 with a message on standard error for input that cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (TrainingError, ArtifactError, OSError) as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = commands.add_parser(
        "train",
        help="train on purchases and publish a version",
        description="Train on purchases and publish a version. Without data, on the bundled sample shop.",
    )
    command.add_argument("--data", metavar="PATH-OR-URL", help="purchases: a file, directory, glob or URL")
    command.add_argument("--config", type=Path, metavar="FILE.toml", help="columns, cleaning and model settings")
    command.add_argument("--quiet", action="store_true", help="no progress bars")
    command.set_defaults(run=_train)
    return parser


def _train(options: argparse.Namespace) -> None:
    store = Store(artifacts_dir())
    config = load_config(options.config, options.data)
    if config.data.source is None:
        config = _with_sample_shop(config, store)
    version = train(config, store, show_progress=not options.quiet)
    print(f"published {version} in {store.path(version)}")


def _with_sample_shop(config: Config, store: Store) -> Config:
    shop = generate(SAMPLE_SEED, store.root / "sample-shop")
    data = Data(source=str(shop.purchases), catalogue=str(shop.catalogue))
    return config.model_copy(update={"data": data})


if __name__ == "__main__":
    sys.exit(main())
