"""Where compiled code begins: tables of addresses become the arrays that the steps take."""

import numpy as np
import numpy.typing as npt
from numba import njit, types

from artifacts.core import question as ask
from artifacts.core import tables as at
from artifacts.core.steps.answer import Picks, Room, Version, discover, merge_own, rank
from artifacts.core.steps.arrays_at import (
    Table,
    float32,
    float32_rows,
    float64,
    float64_rows,
    int32,
    int64,
    table_at,
    uint8,
    uint32,
    uint32_rows,
)
from artifacts.core.steps.candidates import Candidates
from artifacts.core.steps.compiled import OPTIONS, compiled
from artifacts.core.steps.eligibility import EXCLUDED, OWNED, RECENT, Eligibility, mark, unmark
from artifacts.core.steps.features import Known, Sorting
from artifacts.core.steps.foldin import fold_in
from artifacts.core.steps.forest import Trees
from artifacts.core.steps.ids import UNKNOWN, find_id
from artifacts.core.steps.machine_words import number_of
from artifacts.core.steps.neighbours import Basket, Neighbours, Sums
from artifacts.core.steps.person import Person, Weights, shows_tastes, write_query_vector
from artifacts.core.steps.search import Index

SIGNATURE = types.int64(types.int64, types.int64)


def answer(model_address: int, question_address: int) -> int:
    """Write the picks of a question to a version; how many there are, or NOT_ANSWERED. The addresses are those of their
    tables."""
    model, question = table_at(model_address, 3 * (at.RIGHT_SIDE + 1)), table_at(question_address, ask.N_NUMBERS)
    arrays = question[ask.TABLE :]
    person = _folded(model, question, arrays) if question[ask.FOLDED] else _trained(model, arrays)
    if (person.user == UNKNOWN and not question[ask.FOLDED]) or not shows_tastes(person.vector):
        return ask.NOT_ANSWERED
    version, room, eligibility = _version(model), _room(model), _eligibility(model, question, arrays)
    write_query_vector(version.weights, person.vector, float64(model, at.PRECISE), room.query)
    excluded = int32(arrays, ask.EXCLUDED)
    _mark(person, excluded, eligibility.marks)
    count = _answer(version, person, eligibility, question[ask.OWN_ALLOWED] != 0, room, _picks(arrays))
    _unmark(person, excluded, eligibility.marks)
    return count


@compiled
def _answer(
    version: Version, person: Person, eligibility: Eligibility, own_allowed: bool, room: Room, picks: Picks
) -> int:
    all_hidden = EXCLUDED | OWNED | RECENT
    if len(version.trees.left) > 0 and person.user != UNKNOWN:
        return rank(version, person, eligibility, EXCLUDED if own_allowed else all_hidden, room, picks)
    count = discover(version, person, eligibility, all_hidden, room, picks)
    return merge_own(version, person, eligibility, room, count, picks) if own_allowed else count


@compiled
def _mark(person: Person, excluded: npt.NDArray[np.int32], marks: npt.NDArray[np.uint8]) -> None:
    mark(marks, excluded, EXCLUDED)
    mark(marks, person.recent, RECENT)
    for entry in range(len(person.bought_items)):
        if person.times_bought[entry] > 0:
            marks[person.bought_items[entry]] |= np.uint8(OWNED)


@compiled
def _unmark(person: Person, excluded: npt.NDArray[np.int32], marks: npt.NDArray[np.uint8]) -> None:
    unmark(marks, excluded, EXCLUDED)
    unmark(marks, person.recent, RECENT)
    unmark(marks, person.bought_items, OWNED)


@compiled
def _trained(model: Table, arrays: Table) -> Person:
    """A user as the version has them."""
    index = find_id(int64(model, at.USER_OFFSETS), uint8(model, at.USER_BYTES), uint8(arrays, ask.USER_ID))
    starts = int64(model, at.HISTORY_STARTS)
    row = slice(0, 0) if index == UNKNOWN else slice(starts[index], starts[index + 1])
    items, strength = int32(model, at.HISTORY_ITEMS)[row], float32(model, at.HISTORY_STRENGTH)[row]
    vector = float32(model, at.VECTOR) if index == UNKNOWN else float32_rows(model, at.USER_FACTORS)[index]
    return Person(
        index,
        items,
        strength,
        items[:0],
        items,
        strength,
        int32(model, at.HISTORY_TIMES_BOUGHT)[row],
        float32(model, at.HISTORY_FREQUENCY)[row],
        int64(model, at.HISTORY_FIRST)[row],
        int64(model, at.HISTORY_LAST)[row],
        vector,
    )


@compiled
def _folded(model: Table, question: Table, arrays: Table) -> Person:
    """A user or a session as the question has them, their vector solved for."""
    items, strength, vector = int32(arrays, ask.ITEMS), float32(arrays, ask.STRENGTH), float32(model, at.VECTOR)
    weights = float64(model, at.WEIGHTS)
    fold_in(
        float64_rows(model, at.GRAM),
        float32_rows(model, at.VECTORS),
        items,
        strength,
        weights[5],
        weights[6],
        float64_rows(model, at.NORMAL_MATRIX),
        float64(model, at.RIGHT_SIDE),
        vector,
    )
    return Person(
        question[ask.USER_INDEX],
        items,
        strength,
        int32(arrays, ask.RECENT),
        int32(arrays, ask.BOUGHT_ITEMS),
        float32(arrays, ask.BOUGHT_STRENGTH),
        int32(arrays, ask.TIMES_BOUGHT),
        float32(arrays, ask.FREQUENCY),
        int64(arrays, ask.FIRST),
        int64(arrays, ask.LAST),
        vector,
    )


@compiled
def _picks(arrays: Table) -> Picks:
    return Picks(int32(arrays, ask.PICKED_ITEMS), float32(arrays, ask.PICKED_SCORES), int32(arrays, ask.PICKED_SOURCES))


@compiled
def _eligibility(model: Table, question: Table, arrays: Table) -> Eligibility:
    return Eligibility(
        uint8(model, at.AVAILABLE),
        float32(model, at.PRICE),
        int32(model, at.CATEGORY),
        uint8(arrays, ask.WANTED),
        uint8(model, at.MARKS),
        question[ask.IN_STOCK] != 0,
        question[ask.HAS_MIN_PRICE] != 0,
        np.float32(number_of(question[ask.MIN_PRICE])),
        question[ask.HAS_MAX_PRICE] != 0,
        np.float32(number_of(question[ask.MAX_PRICE])),
    )


@compiled
def _version(model: Table) -> Version:
    weights = float64(model, at.WEIGHTS)
    return Version(
        Index(
            float32_rows(model, at.VECTORS),
            int64(model, at.PART_STARTS),
            int32(model, at.ORDER),
            float32_rows(model, at.HEAD),
            int64(model, at.CUTS),
            float32_rows(model, at.LONGEST),
        ),
        Neighbours(
            int64(model, at.PAIR_STARTS),
            int32(model, at.PAIR_ITEMS),
            float32(model, at.PAIR_SCORES),
            int64(model, at.BASKET_STARTS),
            int32(model, at.BASKET_ITEMS),
            float32(model, at.BASKET_SCORES),
        ),
        Weights(weights[0], weights[1], weights[2], weights[3], np.float32(weights[4])),
        Known(
            float32_rows(model, at.ITEM_FEATURES),
            float32_rows(model, at.USER_FEATURES),
            float32(model, at.LOG_AGE),
            float32(model, at.PLACES),
            int64(model, at.NUMBERS)[0],
        ),
        Trees(
            int64(model, at.FOREST_STARTS),
            float32(model, at.THRESHOLDS),
            uint32_rows(model, at.MASKS),
            float32_rows(model, at.LEAVES),
            uint32_rows(model, at.ITEM_MASKS),
            uint32(model, at.USERS_LEFT),
            uint32(model, at.UNBOUGHT_LEFT),
            uint32(model, at.LEFT),
            int32(model, at.MASK_ROWS),
            float32(model, at.VALUES),
            float32(model, at.ONES),
        ),
    )


@compiled
def _room(model: Table) -> Room:
    return Room(
        float32(model, at.QUERY),
        float32(model, at.LENGTHS),
        Sums(
            float64(model, at.TOTALS),
            int32(model, at.SUMMED),
            int64(model, at.N_SUMMED),
            uint8(model, at.MARKS),
        ),
        Basket(
            int32(model, at.BASKET),
            float32(model, at.BASKET_STRENGTH),
            int64(model, at.BASKET_WHEN),
        ),
        Candidates(
            int32(model, at.CANDIDATES),
            float32(model, at.NEIGHBOUR_SCORES),
            float32(model, at.FOUND),
            int32(model, at.FOUND_ITEMS),
        ),
        float32_rows(model, at.FEATURE_ROWS),
        Sorting(
            int32(model, at.SORTED),
            int32(model, at.SPARE),
            uint32(model, at.KEYS),
            int32(model, at.DIGITS),
        ),
    )


def compile_entry() -> tuple[str, str]:
    """The name of `answer` in LLVM's language, and the text that it stands in."""
    dispatcher = njit(**OPTIONS | {"no_cfunc_wrapper": True})(answer)
    dispatcher.compile(SIGNATURE)
    (compiled_answer,) = dispatcher.overloads.values()
    return compiled_answer.fndesc.llvm_func_name, dispatcher.inspect_llvm(compiled_answer.signature.args)
