"""The picks of a chunk of users: asked of a version, laid out as rows, written as a part."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import polars as pl

from artifacts.answer import Answer
from artifacts.model import Model, open_model
from artifacts.query import Fallback, Query
from artifacts.recommend import recommend
from training.picks_files import SCHEMA, Format
from training.picks_parts import Parts, Tally

CATALOGUE_FIELDS = ("title", "category", "price", "image_url", "product_url")


@dataclass(frozen=True)
class Asked:
    """What all users of a run are asked: the version's directory, and a query that lacks its `user_id`."""

    version: Path
    query: Query


@dataclass(frozen=True)
class Chunk:
    """The users of one part, in the order of their rows."""

    number: int
    user_ids: tuple[str, ...]


def write_chunk(asked: Asked, parts: Parts, form: Format, chunk: Chunk) -> Tally:
    """Answer a chunk's users and add the part. Raises as `open_model` does, and OSError."""
    answers = ask(_opened(asked.version), asked.query, chunk.user_ids)
    tally = _count(answers)
    parts.add(chunk.number, tally, partial(form.write_part, lay_out(answers)))
    return tally


def ask(model: Model, query: Query, user_ids: Iterable[str]) -> list[tuple[str, Answer]]:
    """Each user's answer, as the service gives it."""
    return [(user_id, recommend(model, replace(query, user_id=user_id))) for user_id in user_ids]


def lay_out(answers: Iterable[tuple[str, Answer]]) -> pl.DataFrame:
    """One row a pick, as in `SCHEMA`; ranks count from 1."""
    rows = [
        (user_id, rank, answer.fallback and answer.fallback.value, pick)
        for user_id, answer in answers
        for rank, pick in enumerate(answer.picks, 1)
    ]
    columns: dict[str, list[object]] = {
        "user_id": [user_id for user_id, _, _, _ in rows],
        "rank": [rank for _, rank, _, _ in rows],
        "item_id": [pick.item_id for *_, pick in rows],
        "score": [pick.score for *_, pick in rows],
        "source": [pick.source.value for *_, pick in rows],
        "fallback": [fallback for _, _, fallback, _ in rows],
    }
    for name in CATALOGUE_FIELDS:
        columns[name] = [getattr(pick, name) for *_, pick in rows]
    return pl.DataFrame(columns, schema=SCHEMA)


def _count(answers: list[tuple[str, Answer]]) -> Tally:
    return Tally(
        users=len(answers),
        picks=sum(len(answer.picks) for _, answer in answers),
        unknown=sum(answer.fallback is Fallback.UNKNOWN_USER for _, answer in answers),
        empty=sum(not answer.picks for _, answer in answers),
    )


@lru_cache(maxsize=1)
def _opened(version: Path) -> Model:
    """Each process opens the version for itself, once."""
    return open_model(version)
