"""Machine code for each level of processor, found, loaded and told of; and what is done without any."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artifacts.core import build as building
from artifacts.core import desk, machine_code
from artifacts.core import recommend as compiled
from artifacts.core.machine_code import NUMPY, code_path, levels, processor_level
from artifacts.model.inner_products import inner_products, sum_in_lanes
from artifacts.model.model import Model
from artifacts.queries.query import Query, Repeat
from artifacts.queries.recommend import recommend
from service.recommendations.answers import answer_bytes
from tests.artifacts.core.shops import shop
from tests.support.gunicorn_service import Service, wait_for

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not levels(), reason="nothing is compiled for this kind of machine"),
]


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    building.build()
    with shop(30, 200, ranked=True) as model:
        yield model


@pytest.fixture(autouse=True)
def _looked_for_anew() -> Iterator[None]:
    machine_code.machine_code.cache_clear()
    yield
    machine_code.machine_code.cache_clear()


def bytes_of(model: Model, query: Query) -> bytes:
    return answer_bytes(compiled.recommend(model, query), "request", "version", query.user_id)


def test_every_level_gives_the_same_bytes(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    query = Query(user_id="collector", limit=100, repeat=Repeat.ALLOW, recent_items=("i003", "i001"))
    answers = set()
    for level in levels():
        loaded = machine_code._load(level)
        monkeypatch.setattr(desk, "machine_code", lambda loaded=loaded: loaded)
        answers.add(bytes_of(model, query))
    assert answers == {answer_bytes(recommend(model, query), "request", "version", query.user_id)}


def test_a_level_is_written_once_and_what_it_was_before_is_gone(tmp_path: Path) -> None:
    old, other = tmp_path / "steps-0-x86-64.o", tmp_path / "steps-0-x86-64-v3.o"
    for path in (old, other):
        path.write_bytes(b"of other steps")
    building._write(tmp_path / "steps-1-x86-64.o", b"code")
    assert sorted(path.name for path in tmp_path.iterdir()) == [other.name, "steps-1-x86-64.o"]


def test_what_is_compiled_is_not_compiled_again(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_intermediate", lambda: pytest.fail("compiled again"))
    assert building.build() == [code_path(level) for level in levels()]
    assert all(path.exists() for path in building.build())


@pytest.mark.parametrize("missing", ["code", "order"])
def test_numpy_answers_without_machine_code_or_where_it_adds_up_otherwise(
    model: Model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str
) -> None:
    query = Query(user_id="collector")
    before = bytes_of(model, query)
    assert processor_level() in levels()
    machine_code.machine_code.cache_clear()
    if missing == "code":
        monkeypatch.setattr(machine_code, "HERE", tmp_path)
    else:
        monkeypatch.setattr(machine_code, "adds_up_in_lanes", lambda: False)
    assert processor_level() == NUMPY
    assert bytes_of(model, query) == before


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_products_are_added_up_in_numpys_order(kind: Any) -> None:
    rng = np.random.default_rng(1)
    for n in range(1, 150):
        rows, query = rng.normal(size=(3, n + 2)).astype(kind)[:, 1 : n + 1], rng.normal(size=n).astype(kind)
        assert inner_products(rows, query).tolist() == [sum_in_lanes(row * query) for row in rows]


def test_the_service_says_what_answers(service: Service) -> None:
    assert service.get("/v1/model").json["core"] in levels()
    wait_for(lambda: f'aisle_core_info{{core="{processor_level()}"}} 2.0' in service.get("/metrics").body.decode())
