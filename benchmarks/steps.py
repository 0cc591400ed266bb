"""What each step of a plain request takes in this process, without HTTP: run by stages.py in a process of its own.

`python -m benchmarks.steps ROUNDS` measures the version in ARTIFACTS_DIR as a worker of the service would have it, and
writes microseconds by step, one a round, as JSON to standard error: standard output takes the service's log.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import cache
from itertools import islice
from typing import Any
from urllib.parse import quote

import numpy as np
from flask import Flask
from threadpoolctl import threadpool_limits
from werkzeug.test import create_environ
from werkzeug.wsgi import ClosingIterator

from artifacts.core.recommend import recommend
from artifacts.model.model import Model
from artifacts.queries.answer import Answer
from artifacts.queries.eligibility import eligible_items
from artifacts.queries.query import Query
from artifacts.queries.scoring import query_vector_of
from artifacts.queries.user_state import NO_ITEMS, read_user_state
from benchmarks.floor import constant_app
from benchmarks.part import BenchError
from benchmarks.workload import ITEMS, user_target
from service.app import SERVED_MODEL, create_app
from service.http.parameters import from_url
from service.recommendations.answers import answer_bytes
from service.recommendations.schemas import UserRecommendations
from service.settings import read_settings
from service.telemetry.log import write_line
from service.telemetry.metrics import observe_answer, observe_request

N_USERS = 1_000
SEED = 0
ROUTE = "/v1/users/<user_id>/recommendations"
REQUEST_ID = "0" * 32

Step = Callable[[], object]


def main(rounds: int) -> None:
    """Measure all steps in turns, after one round that does not count."""
    threadpool_limits(1)
    app = create_app(read_settings(os.environ))
    app.extensions[SERVED_MODEL].refresh()
    model: Model = app.extensions[SERVED_MODEL].served.model
    steps = [_steps(model, user_id) | _apps(app, model, user_id) for user_id in _users(model)]
    found: dict[str, list[float]] = {name: [] for name in steps[0]}
    for _ in range(rounds + 1):
        for name, values in found.items():
            values.append(_mean_microseconds([step[name] for step in steps]))
    json.dump({name: values[1:] for name, values in found.items()}, sys.stderr)


def _users(model: Model) -> list[str]:
    """Users who have factors: others are answered without a search."""
    order = np.random.default_rng(SEED).permutation(len(model.user_ids)).tolist()
    with_factors = (index for index in order if model.user_factors[index].any())
    return [model.user_ids[index] for index in islice(with_factors, N_USERS)]


def _steps(model: Model, user_id: str) -> dict[str, Step]:
    """What is done for a user's request, each step with what those before it found."""
    query = Query(user_id=user_id)
    user_state = read_user_state(model, query, NO_ITEMS)
    vector = np.asarray(user_state.vector)
    wanted = query_vector_of(model.recipe.weights, vector)
    eligible = eligible_items(model, query.filters, user_state.bought)
    answer = recommend(model, query)
    return {
        "validation": lambda: from_url(UserRecommendations, {"user_id": quote(user_id)}, "").query(),
        "recommend": lambda: recommend(model, query),
        "id look-up": lambda: model.user_ids.find(user_id),
        "person": lambda: read_user_state(model, query, NO_ITEMS),
        "query vector": lambda: query_vector_of(model.recipe.weights, vector),
        "mask": lambda: eligible_items(model, query.filters, user_state.bought),
        "search": lambda: model.index.search(wanted, eligible, ITEMS),
        "serialisation": lambda: answer_bytes(answer, REQUEST_ID, model.version, user_id),
        "metrics": lambda: _count(answer),
        "logging": lambda: _log(model),
    }


def _apps(app: Flask, model: Model, user_id: str) -> dict[str, Step]:
    """The whole app without gunicorn, and the floor's."""
    body = answer_bytes(recommend(model, Query(user_id=user_id)), REQUEST_ID, model.version, user_id)
    target = user_target(user_id)
    environ = create_environ(target) | {"RAW_URI": target}
    return {"app": lambda: _call(app, environ), "floor": lambda: _call(_floor(len(body)), environ)}


@cache
def _floor(length: int) -> Flask:
    return constant_app([("Content-Type", "application/json"), ("Cache-Control", "no-store")], b"x" * length)


def _call(app: Flask, environ: dict[str, Any]) -> None:
    def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], None]:
        if status != "200 OK":
            raise BenchError(f"{environ['RAW_URI']} was answered {status}")
        return lambda _: None

    with closing(ClosingIterator(app.wsgi_app(dict(environ), start))) as body:
        b"".join(body)


def _count(answer: Answer) -> None:
    observe_answer(answer)
    observe_request(ROUTE, "GET", 200, 0.001)


def _log(model: Model) -> None:
    write_line(
        request_id=REQUEST_ID,
        method="GET",
        route=ROUTE,
        status=200,
        milliseconds=1.234,
        model_version=model.version,
        answered=ITEMS,
        fallback=None,
    )


def _mean_microseconds(steps: list[Step]) -> float:
    start = time.process_time()
    for step in steps:
        step()
    return (time.process_time() - start) / len(steps) * 1e6


if __name__ == "__main__":
    main(int(sys.argv[1]))
