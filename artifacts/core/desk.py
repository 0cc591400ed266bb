"""Where questions are written down for the compiled steps, and their picks read: one for each thread."""

from struct import Struct
from threading import local
from typing import Any
from weakref import finalize

import numpy as np
import numpy.typing as npt

from artifacts.core.machine_code import machine_code
from artifacts.core.question import FORMAT, NOT_ANSWERED
from artifacts.core.tables import ModelTable, model_table
from artifacts.model.model import Model
from artifacts.queries.answer import ScoredItems
from artifacts.queries.eligibility import wanted_categories
from artifacts.queries.query import Query, Repeat
from artifacts.queries.source_labels import PART_SOURCES
from artifacts.queries.user_state import UserState
from artifacts.shared_limits import MAX_ID_CHARACTERS, MAX_LIMIT

# A user as the version has them, by id, or as their interactions say.
Whom = str | UserState

_NO_ARRAY = (0, 0, 1)
_NO_STATE = _NO_ARRAY * 9
_QUESTION = Struct(FORMAT)
_TABLES: dict[int, ModelTable] = {}


class CompiledStepsError(Exception):
    """The compiled steps broke off, which no question makes them do."""


class Desk(local):
    """What a thread asks with. The steps keep the interpreter's lock, so that the room of a version's table is one
    thread's from a question to its picks."""

    def __init__(self) -> None:
        self._numbers = bytearray(_QUESTION.size)
        self._text = bytearray(4 * MAX_ID_CHARACTERS)
        self._items = np.zeros(MAX_LIMIT, np.int32)
        self._scores = np.zeros(MAX_LIMIT, np.float32)
        self._sources = np.zeros(MAX_LIMIT, np.int32)
        self._count = np.zeros(2, np.int64)  # and where an error would be put
        self._question_at, self._text_at = (
            np.frombuffer(buffer, np.uint8).ctypes.data for buffer in (self._numbers, self._text)
        )
        self._picks_at = [array.ctypes.data for array in (self._items, self._scores, self._sources)]
        self._count_at, self._counted = self._count.ctypes.data, self._count.data

    def ask(self, model: Model, query: Query, whom: Whom, excluded: npt.NDArray[np.int32]) -> ScoredItems | None:
        """The best items within the query's filters and repeat policy, but for the `excluded` item indexes; None where
        the version has not got the user, or nothing shows a taste."""
        code = machine_code()
        text = whom.encode("utf-8", "surrogatepass") if isinstance(whom, str) else b""
        if code is None or len(text) > len(self._text):
            return None
        self._text[: len(text)] = text
        filters, limit = query.filters, query.limit
        wanted = wanted_categories(model, filters.categories) if filters.categories else None
        state = () if isinstance(whom, str) else _arrays_of(whom)
        _QUESTION.pack_into(
            self._numbers,
            0,
            query.repeat is Repeat.ALLOW,
            filters.in_stock,
            filters.min_price is not None,
            filters.max_price is not None,
            len(state) > 0,
            0 if isinstance(whom, str) else whom.user_index,
            filters.min_price or 0.0,
            filters.max_price or 0.0,
            *(self._text_at, len(text), 1),
            *(_NO_ARRAY if wanted is None else _array(wanted)),
            *(_array(excluded) if len(excluded) else _NO_ARRAY),
            *(_NO_STATE if not state else (number for array in state for number in _array(array))),
            *(self._picks_at[0], limit, 1, self._picks_at[1], limit, 1, self._picks_at[2], limit, 1),
        )
        status = code.entry(self._count_at, self._count_at + 8, table_of(model).address, self._question_at)
        if status != 0:
            raise CompiledStepsError(f"status {status}")
        return self._picks(self._counted[0])

    def _picks(self, count: int) -> ScoredItems | None:
        if count == NOT_ANSWERED:
            return None
        sources = tuple([PART_SOURCES[part] for part in self._sources[:count].tolist()])
        return ScoredItems(self._items[:count].astype(np.int64), self._scores[:count].copy(), sources)


DESK = Desk()


def table_of(model: Model) -> ModelTable:
    """The model's table, made once, and kept as long as the model."""
    table = _TABLES.get(id(model))
    if table is None:
        table = _TABLES[id(model)] = model_table(model)
        finalize(model, _TABLES.pop, id(model))
    return table


def _array(array: npt.NDArray[Any]) -> tuple[int, int, int]:
    return array.ctypes.data, len(array), 1


def _arrays_of(state: UserState) -> tuple[npt.NDArray[Any], ...]:
    """The table's arrays from RECENT to LAST."""
    history = state.history
    return (
        *(np.ascontiguousarray(state.recent), state.items, state.strength, history.items, history.strength),
        *(history.times_bought, history.frequency, history.first, history.last),
    )
