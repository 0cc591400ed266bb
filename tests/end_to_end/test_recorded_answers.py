"""The answers are those that were recorded: which items, in which order, with which scores, down to the byte.

A change that is meant to change answers records them anew, by running this with `RECORD=yes` in the environment.
"""

import json
import os
import platform
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT
from tests.support.recorded import RECORDINGS, answers_of
from training.sample_shop.shop import SampleShop

ONLINE_RETAIL = ROOT.parent / "shared" / "data" / "online_retail.parquet"
RECIPES = ("blend", "ranker")
pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason=f"recorded on x86-64; {platform.machine()} rounds otherwise"
)


@pytest.mark.parametrize("recipe", ["blend", pytest.param("ranker", marks=pytest.mark.slow)])
def test_sample_shop(sample_shop: SampleShop, recipe: str) -> None:
    _compare(f"sample-shop-{recipe}", answers_of(sample_shop.purchases, recipe, sample_shop.catalogue))


@pytest.mark.slow
@pytest.mark.skipif(not ONLINE_RETAIL.exists(), reason=f"needs {ONLINE_RETAIL}")
@pytest.mark.parametrize("recipe", RECIPES)
def test_real_shop(recipe: str) -> None:
    config = ROOT / "examples" / "online_retail.toml"
    _compare(f"online-retail-{recipe}", answers_of(ONLINE_RETAIL, recipe, config=config))


def _compare(name: str, answers: list[dict[str, Any]]) -> None:
    path = RECORDINGS / f"{name}.ndjson"
    if os.environ.get("RECORD") == "yes":
        _write(path, answers)
    expected = [json.loads(line) for line in path.read_text().splitlines()]
    assert [_asked(answer) for answer in answers] == [_asked(answer) for answer in expected]
    for answer, recording in zip(answers, expected, strict=True):
        assert answer["items"] == recording["items"], _asked(answer)
        assert answer["digest"] == recording["digest"], _asked(answer)


def _asked(answer: dict[str, Any]) -> tuple[Any, ...]:
    return answer["request"], answer["body"], answer["status"]


def _write(path: Path, answers: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(answer) + "\n" for answer in answers))
