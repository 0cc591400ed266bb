"""An answer to a user or a session, from all that its steps need, as `artifacts.queries.recommend` gives it."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from artifacts.core.steps.candidates import Candidates, find_candidates
from artifacts.core.steps.compiled import compiled
from artifacts.core.steps.eligibility import CANDIDATE, EXCLUDED, NEAR, OWNED, RECENT, Eligibility, is_eligible, mark
from artifacts.core.steps.features import Known, Sorting, write_features
from artifacts.core.steps.forest import Trees, score_candidates
from artifacts.core.steps.ids import UNKNOWN
from artifacts.core.steps.machine_words import inner_product
from artifacts.core.steps.neighbours import Basket, Neighbours, Sums, add_up, best_neighbours, fill_basket, forget
from artifacts.core.steps.person import Person, Weights, frequency_of
from artifacts.core.steps.search import Index, search
from artifacts.core.steps.sources import Parts, largest_part
from artifacts.core.steps.top_k import offer, sort_best_first
from artifacts.queries.candidates import FROM_NEIGHBOURS

Items = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]


class Version(NamedTuple):
    """What a version knows, step by step."""

    search_index: Index
    neighbours: Neighbours
    weights: Weights
    known: Known
    trees: Trees


class Room(NamedTuple):
    """What an answer is worked out in: the query vector (2 n_factors + 2,), the lengths of its parts (n_parts,), and
    the steps' own. All sums are forgotten and all marks taken back when it is answered."""

    query: Scores
    lengths: Scores
    sums: Sums
    basket: Basket
    candidates: Candidates
    rows: npt.NDArray[np.float32]
    sorting: Sorting


class Picks(NamedTuple):
    """The answer: `items` (limit,) int32, `scores` (limit,) float32 and `sources` (limit,) int32, places in
    PART_SOURCES."""

    items: Items
    scores: Scores
    sources: Items


@compiled
def rank(version: Version, person: Person, eligibility: Eligibility, hidden: int, room: Room, picks: Picks) -> int:
    """Write the ranker's order of the candidates, and behind the last of them the blend's; how many there are."""
    sums, items = room.sums, room.candidates.items
    add_up(version.neighbours, person, room.basket, fill_basket(person, True, room.basket), sums)
    n = find_candidates(
        version.search_index,
        version.weights,
        person,
        room.query,
        room.lengths,
        eligibility,
        hidden,
        sums,
        room.candidates,
    )
    neighbour_scores = room.candidates.neighbour_scores[:n]
    vectors, weights = version.search_index.vectors, version.weights
    write_features(
        version.known, vectors, weights, person, room.query, items[:n], neighbour_scores, room.sorting, room.rows
    )
    scores = room.candidates.found
    score_candidates(version.trees, version.known.users[person.user], items[:n], room.rows, scores)
    count = 0
    for place in range(n):
        count = offer(picks.items, picks.scores, count, len(picks.items), items[place], scores[place])
    sort_best_first(picks.items, picks.scores, count)
    for place in range(count):
        item = picks.items[place]
        habit = weights.frequency * frequency_of(person, item)
        neighbour_score = np.float32(sums.totals[item])
        blend = inner_product(vectors, item * len(room.query), room.query, 0, len(room.query)) + habit + neighbour_score
        picks.sources[place] = largest_part(vectors, weights, item, Parts(blend, habit, neighbour_score))
    forget(sums)
    rest = Picks(picks.items[count:], picks.scores[count:], picks.sources[count:])
    if len(rest.items) > 0:
        count += discover(version, person, eligibility, hidden | CANDIDATE, room, rest)
    for place in range(n):
        eligibility.marks[items[place]] &= np.uint8(~CANDIDATE & 255)
    return count


@compiled
def discover(version: Version, person: Person, eligibility: Eligibility, hidden: int, room: Room, picks: Picks) -> int:
    """Write the best by the blend, in a session also by what neighbours its items; how many there are."""
    limit, vectors = len(picks.items), version.search_index.vectors
    no_part = np.float32(0)
    if person.user != UNKNOWN and len(person.recent) == 0:
        count = search(
            version.search_index, room.query, room.lengths, eligibility, hidden, limit, picks.items, picks.scores
        )
        for place in range(count):
            parts = Parts(picks.scores[place], no_part, no_part)
            picks.sources[place] = largest_part(vectors, version.weights, picks.items[place], parts)
        return count
    add_up(version.neighbours, person, room.basket, fill_basket(person, False, room.basket), room.sums)
    count = _blend_neighbours(version, eligibility, hidden, room, picks)
    for place in range(count):
        item = picks.items[place]
        parts = Parts(picks.scores[place], no_part, np.float32(room.sums.totals[item]))
        picks.sources[place] = largest_part(vectors, version.weights, item, parts)
    forget(room.sums)
    return count


@compiled
def _blend_neighbours(version: Version, eligibility: Eligibility, hidden: int, room: Room, picks: Picks) -> int:
    """Write the best by the sum of the blend and the neighbour scores."""
    items, found, limit = room.candidates.found_items, room.candidates.found, len(picks.items)
    width = len(room.query)
    near = search(
        version.search_index, room.query, room.lengths, eligibility, hidden, limit + FROM_NEIGHBOURS, items, found
    )
    mark(eligibility.marks, items[:near], NEAR)
    beside = best_neighbours(room.sums, eligibility, hidden, FROM_NEIGHBOURS, items[near:], found[near:])
    count = 0
    for place in range(near + beside):
        item = items[place]
        if place < near or not eligibility.marks[item] & NEAR:
            blend = inner_product(version.search_index.vectors, item * width, room.query, 0, width)
            score = blend + np.float32(room.sums.totals[item])
            count = offer(picks.items, picks.scores, count, limit, item, score)
    for place in range(near):
        eligibility.marks[items[place]] &= np.uint8(~NEAR & 255)
    sort_best_first(picks.items, picks.scores, count)
    return count


@compiled
def merge_own(version: Version, person: Person, eligibility: Eligibility, room: Room, count: int, picks: Picks) -> int:
    """Merge what the user bought before, and the session's items as if bought once, into `count` picks by the blend of
    other items; how many there are then."""
    items, scores, sources = room.candidates.found_items, room.candidates.found, room.candidates.items
    for place in range(count):
        items[place], scores[place], sources[place] = picks.items[place], picks.scores[place], picks.sources[place]
    merged, limit, weights = 0, len(picks.items), version.weights
    for place in range(count):
        merged = offer(picks.items, picks.scores, merged, limit, items[place], scores[place])
    for entry in range(len(person.bought_items)):
        item = person.bought_items[entry]
        if person.times_bought[entry] > 0 and is_eligible(eligibility, item, EXCLUDED):
            merged = offer(picks.items, picks.scores, merged, limit, item, _own_score(version, person, room, item))
    for item in person.recent:
        if not eligibility.marks[item] & OWNED and is_eligible(eligibility, item, EXCLUDED):
            merged = offer(picks.items, picks.scores, merged, limit, item, _own_score(version, person, room, item))
    sort_best_first(picks.items, picks.scores, merged)
    for place in range(merged):
        item = picks.items[place]
        if eligibility.marks[item] & (OWNED | RECENT):
            parts = Parts(picks.scores[place], weights.frequency * _habit(person, room, item), np.float32(0))
            picks.sources[place] = largest_part(version.search_index.vectors, weights, item, parts)
        else:
            picks.sources[place] = sources[_place_of(items, item)]
    return merged


@compiled
def _own_score(version: Version, person: Person, room: Room, item: int) -> np.float32:
    width = len(room.query)
    blend = inner_product(version.search_index.vectors, item * width, room.query, 0, width)
    return np.float32(blend + version.weights.frequency * _habit(person, room, item))


@compiled
def _habit(person: Person, room: Room, item: int) -> np.float32:
    """How frequently the user bought an item, the session's once more."""
    frequency = frequency_of(person, item) if room.sums.marks[item] & OWNED else np.float32(0)
    if room.sums.marks[item] & RECENT:
        frequency = np.float32(math.log1p(math.expm1(np.float64(frequency)) + 1))
    return frequency


@compiled
def _place_of(items: Items, item: int) -> int:
    place = 0
    while items[place] != item:
        place += 1
    return place
