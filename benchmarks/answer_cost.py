"""Processor time of an answer, apart from HTTP: with the ranker over without it, in alternating rounds."""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from artifacts.core.recommend import recommend
from artifacts.model.model import Model, open_model
from artifacts.model.quickscorer import no_forest
from artifacts.queries.query import Query
from benchmarks.part import Bench, Part
from benchmarks.stores import SIZES, find_store
from benchmarks.table import Row

USERS = 1_000
SEED = 0


def measure(bench: Bench, size: str) -> Iterator[Row]:
    """What an answer costs, and where the version has a ranker, what it costs with that."""
    model = open_model(find_store(bench, size).current_path())
    plain = replace(model, forest=no_forest())
    models = {"plain": plain, "ranker": model} if len(model.forest) else {"plain": plain}
    with threadpool_limits(1):  # as the service's workers run
        found = _in_turns(models, bench.rounds)
    yield Row(PART.name, size, "processor time of an answer", "µs", found["plain"])
    if "ranker" in found:
        name = "processor time of an answer, with the ranker / without"
        yield Row(PART.name, size, name, "µs", found["ranker"], found["plain"])


def _in_turns(models: dict[str, Model], rounds: int) -> dict[str, tuple[float, ...]]:
    """Mean microseconds by model, one a round, after one round that does not count."""
    found: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(rounds + 1):
        for name, model in models.items():
            found[name].append(_mean_microseconds(model))
    return {name: tuple(values[1:]) for name, values in found.items()}


def _mean_microseconds(model: Model) -> float:
    rng = np.random.default_rng(SEED)
    users = [model.user_ids[index] for index in rng.choice(len(model.user_ids), USERS).tolist()]
    start = time.process_time()
    for user_id in users:
        recommend(model, Query(user_id=user_id))
    return (time.process_time() - start) / len(users) * 1e6


PART = Part("answer", "processor time of an answer, apart from HTTP", SIZES, measure)
