"""Which items go with those of a session or a history: their neighbours' scores, added up."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from artifacts.core.steps.compiled import compiled
from artifacts.core.steps.eligibility import SUMMED, Eligibility, is_eligible
from artifacts.core.steps.ids import UNKNOWN, find_item
from artifacts.core.steps.person import Person
from artifacts.core.steps.top_k import offer, sort_best_first

END_OF_TIME = np.iinfo(np.int64).max

Items = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]


class Neighbours(NamedTuple):
    """The co-purchases and the basket weights: CSR rows over items, as `CoPurchases` and `BasketWeights` have them."""

    pair_starts: npt.NDArray[np.int64]
    pair_items: Items
    pair_scores: Scores
    basket_starts: npt.NDArray[np.int64]
    basket_items: Items
    basket_scores: Scores


class Sums(NamedTuple):
    """Neighbour scores: `totals` (n_items,) float64, 0 but for the items that have a score, which `summed` (n_items,)
    int32 begins with; `n_summed` (1,) int64 says how many these are; `marks` (n_items,) uint8 has them marked."""

    totals: npt.NDArray[np.float64]
    summed: Items
    n_summed: npt.NDArray[np.int64]
    marks: npt.NDArray[np.uint8]


class Basket(NamedTuple):
    """The places (n,) int32 among a person's items of those whose neighbours are added up, with what they are ordered
    by: `strength` (n,) float32, and `when` (n,) int64 they were last bought."""

    places: Items
    strength: Scores
    when: npt.NDArray[np.int64]


@compiled
def fill_basket(person: Person, by_strength: bool, basket: Basket) -> int:
    """The items whose neighbours are added up, as `neighbour_basket` says; how many there are."""
    count, most = 0, len(basket.places)
    if not by_strength and person.user != UNKNOWN:
        most = min(most, len(person.recent))
    for place in range(len(person.items)):
        strength = person.strength[place] if by_strength else np.float32(1)
        count = _insert(basket, count, most, place, strength, _when(person, person.items[place]))
    return count


@compiled
def _insert(basket: Basket, count: int, most: int, place: int, strength: np.float32, when: int) -> int:
    at = count
    while at > 0 and (
        strength > basket.strength[at - 1] or (strength == basket.strength[at - 1] and when > basket.when[at - 1])
    ):
        if at < most:
            basket.places[at] = basket.places[at - 1]
            basket.strength[at], basket.when[at] = basket.strength[at - 1], basket.when[at - 1]
        at -= 1
    if at < most:
        basket.places[at], basket.strength[at], basket.when[at] = place, strength, when
    return min(count + 1, most)


@compiled
def _when(person: Person, item: int) -> int:
    """When the user last bought or looked at an item; of the session's, after all else, the newest last."""
    for place in range(len(person.recent)):
        if person.recent[place] == item:
            return END_OF_TIME - (len(person.recent) - place)
    entry = find_item(person.bought_items, item)
    return person.last[entry] if entry != UNKNOWN else 0


@compiled
def add_up(neighbours: Neighbours, person: Person, basket: Basket, n: int, sums: Sums) -> None:
    """The neighbour scores of the first n items of a basket, each row times the item's strength."""
    weighed = n > 1 and len(neighbours.basket_items) > 0
    for turn in range(n):
        item, strength = person.items[basket.places[turn]], basket.strength[turn]
        if weighed:
            starts, items, scores = neighbours.basket_starts, neighbours.basket_items, neighbours.basket_scores
        else:
            starts, items, scores = neighbours.pair_starts, neighbours.pair_items, neighbours.pair_scores
        for entry in range(starts[item], starts[item + 1]):
            _add(sums, items[entry], scores[entry] * strength)


@compiled
def _add(sums: Sums, item: int, score: np.float32) -> None:
    if sums.totals[item] == 0 and not sums.marks[item] & SUMMED:
        sums.marks[item] |= np.uint8(SUMMED)
        sums.summed[sums.n_summed[0]] = item
        sums.n_summed[0] += 1
    sums.totals[item] += score


@compiled
def forget(sums: Sums) -> None:
    """Make all scores 0 again."""
    for place in range(sums.n_summed[0]):
        item = sums.summed[place]
        sums.totals[item] = 0
        sums.marks[item] &= np.uint8(~SUMMED & 255)
    sums.n_summed[0] = 0


@compiled
def best_neighbours(sums: Sums, eligibility: Eligibility, but: int, k: int, items: Items, scores: Scores) -> int:
    """Write the k eligible items without the marks `but` whose positive scores are largest, best first; how many there
    are."""
    count = 0
    for place in range(sums.n_summed[0]):
        item = sums.summed[place]
        score = np.float32(sums.totals[item])
        if score > 0 and (count < k or score >= scores[0]) and is_eligible(eligibility, item, but):
            count = offer(items, scores, count, k, item, score)
    sort_best_first(items, scores, count)
    return count
