"""The picks of a chunk of users: computed by a version, laid out as rows, written as a part."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import polars as pl

from artifacts.batch.item_bounds import ItemBounds, bound_items
from artifacts.batch.many_reasons import reasons_of_many
from artifacts.batch.recommend_many import FALLBACKS, ManyAnswers, recommend_many
from artifacts.live.activity import UserActivity
from artifacts.live.overlay import ChangesSinceTraining, Overlay
from artifacts.model.model import Model, open_model
from artifacts.queries.query import Fallback, Query
from training.picks.files import REASON, PicksFormat
from training.picks.parts import Parts, Tally
from training.picks.table import describe_items, lay_out, read_texts
from training.picks.words import in_words


@dataclass(frozen=True, eq=False)
class PicksRequest:
    """What is answered for every user of a run: the version's directory, a query that lacks its `user_id`, the memory
    in bytes that may be worked in, beside the model and the rows of a chunk, the items' changes in the live store, and
    whether each pick comes with its reason."""

    version: Path
    query: Query
    n_bytes: int
    changes: ChangesSinceTraining | None = None
    reasons: bool = False


@dataclass(frozen=True)
class Chunk:
    """The users of one part, in the order of their rows: indexes of the version's, or ids. `activity`, by place, is
    what the live store knows of some of them."""

    number: int
    users: range | tuple[str, ...]
    activity: Mapping[int, UserActivity] = field(default_factory=dict)


def write_chunk(request: PicksRequest, parts: Parts, form: PicksFormat, chunk: Chunk) -> Tally:
    """Answer a chunk's users and add the part. Raises as `open_model` does, and OSError."""
    model, item_bounds, items = _opened(request)
    if isinstance(chunk.users, range):
        indexes = np.arange(chunk.users.start, chunk.users.stop)
        user_ids = read_texts(model.user_ids, slice(chunk.users.start, chunk.users.stop))
    else:
        indexes = np.array([model.user_ids.find(user_id) for user_id in chunk.users], np.int64)
        user_ids = pl.Series(chunk.users, dtype=pl.String)
    answers = recommend_many(model, item_bounds, request.query, indexes, request.n_bytes, activity=chunk.activity)
    tally = _count(answers)
    rows = lay_out(answers, user_ids, items)
    if request.reasons:
        reasons = reasons_of_many(model, request.query, user_ids.to_list(), answers.picks, chunk.activity)
        rows = rows.with_columns(pl.Series(REASON, map(in_words, reasons), pl.String))
    parts.add(chunk.number, tally, partial(form.write_part, rows))
    return tally


def _count(answers: ManyAnswers) -> Tally:
    n_users = len(answers.fallbacks)
    return Tally(
        users=n_users,
        picks=len(answers.picks.users),
        unknown=int(np.count_nonzero(answers.fallbacks == FALLBACKS.index(Fallback.UNKNOWN_USER))),
        empty=n_users - len(np.unique(answers.picks.users)),
    )


@lru_cache(maxsize=1)
def _opened(request: PicksRequest) -> tuple[Model, ItemBounds, pl.DataFrame]:
    """Each process opens the version for itself, once."""
    model = open_model(request.version)
    if request.changes is not None:
        model = Overlay(model, request.changes).model
    return model, bound_items(model, request.query), describe_items(model)
