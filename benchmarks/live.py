"""What the live store's look-up costs a recommendation: the service with one in SQLite over the service without, for
users of whom it tells nothing new and for users who looked and bought."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time

import numpy as np

from artifacts.live.database import Patience
from artifacts.live.events import Event
from artifacts.live.store import LiveStore
from artifacts.model.model import Model, open_model
from benchmarks.kinds import everything, of_users
from benchmarks.online import WORKERS, in_turns
from benchmarks.part import Bench, Part
from benchmarks.server import AISLE, serving, wait_until_answered
from benchmarks.stores import find_store, without_ranker
from benchmarks.table import Row, Target, at_most
from benchmarks.workload import Workload, check, user_target

SEED = 0
EVENTS = 50_000  # a busy day's, of others
VIEWS, PURCHASES = 6, 2  # of each user who did something
AT_ONCE = 1_000
PATIENT = Patience(read=30, write=30)
TARGET = at_most(1.15)  # where nothing is new, as it is for most users


def measure(bench: Bench, size: str) -> Iterator[Row]:
    """Rows of the shop of a size. Raises BenchError where an answer is short, or wrk is missing."""
    with TemporaryDirectory(prefix="live-", dir=bench.directory) as name, ExitStack() as stack:
        directory = Path(name)
        store = without_ranker(find_store(bench, size), directory / "plain")
        model = open_model(store.current_path())
        rng = np.random.default_rng(SEED)
        quiet = of_users("users without news", model, rng, everything(model))
        url = f"sqlite:///{directory}/live.db"
        _fill(url, model, (f"other {number}" for number in rng.integers(0, EVENTS // 10, EVENTS).tolist()), rng)
        servers = {
            name: stack.enter_context(serving(AISLE, store.root, directory / name, WORKERS=WORKERS, **settings))
            for name, settings in {"without": {}, "with": {"LIVE_URL": url}}.items()
        }
        for server in servers.values():
            wait_until_answered(server, user_target("any"))

        def compared(workload: Workload, target: Target | None) -> Row:
            for server in servers.values():
                check(server, workload)
            loads = in_turns(servers, workload.save(directory), 1, bench.rounds)
            return Row(
                PART.name,
                size,
                f"{workload.name}, 1 connection: median, with a live store / without",
                "ms",
                tuple(load.median for load in loads["with"]),
                tuple(load.median for load in loads["without"]),
                target,
            )

        yield compared(quiet, TARGET)
        # Only now: these users may be among the others.
        yield compared(_with_news(url, model, rng), None)


def _with_news(url: str, model: Model, rng: np.random.Generator) -> Workload:
    """Users who looked and bought since the version was trained."""
    workload = of_users("users with news", model, rng, everything(model))
    users = {request.target for request in workload.requests}
    named = [user_id for user_id in _user_ids(model) if user_target(user_id) in users]
    _fill(url, model, (user_id for user_id in named for _ in range(VIEWS + PURCHASES)), rng)
    return workload


def _user_ids(model: Model) -> Iterator[str]:
    return (model.user_ids[index] for index in range(len(model.user_ids)))


def _fill(url: str, model: Model, user_ids: Iterator[str], rng: np.random.Generator) -> None:
    """An event of each of the users with some item: views, and a purchase now and then."""
    store = LiveStore(url, PATIENT)
    store.check()
    numbered, moment = zip(count(store.watermark()), user_ids, strict=False), time()
    while part := list(islice(numbered, AT_ONCE)):
        items = rng.integers(0, len(model.item_ids), len(part)).tolist()
        store.insert(
            [
                Event(
                    f"event {number}",
                    "purchase" if number % (VIEWS + PURCHASES) < PURCHASES else "view",
                    user_id,
                    None,
                    model.item_ids[item],
                    moment,
                )
                for (number, user_id), item in zip(part, items, strict=True)
            ]
        )
    store.close()


PART = Part("live", "what the live store's look-up adds to a recommendation, with SQLite", ("S", "M", "L"), measure)
