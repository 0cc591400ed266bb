"""What is asked of a window, and the right answers, on a shop small enough to work out by hand."""

import numpy as np
import polars as pl
import pytest

from tests.support.events import Event, as_dataset, as_frame, basket
from training.evaluation import tasks
from training.evaluation.purchases import earlier_purchases, later_purchases, past_of
from training.evaluation.tasks import Activity, Cases, Task
from training.interactions.dataset import GUEST

NOBODY_LEFT_OUT = 1_000
EARLIER = [
    *basket(1, "A", "B", user="ann", day=0),
    *basket(2, "A", user="ann", day=30),
    *basket(3, "C", user="bob", day=10),
    *basket(4, "D", "A", day=11),
    Event("eve", "A", "v", day=12, event="view"),
]
LATER = [
    *basket(10, "A", "C", "N", user="ann", day=40),
    *basket(11, "D", user="bob", day=41),
    *basket(12, "B", user="bob", day=42),
    *basket(13, "A", "B", user="new", day=43),
    *basket(14, "C", "N", user="new", day=44),
    *basket(15, "D", user="new", day=45),
    *basket(16, "A", user="once", day=46),
    *basket(17, "B", "C", day=47),
    *basket(18, "A", user="eve", day=48),
]
DATASET = as_dataset(EARLIER)
UNTIL = 40 * 86_400 + min(as_frame(EARLIER)["time"].dt.epoch("s").to_list())
PAST = past_of(earlier_purchases(DATASET), UNTIL, DATASET.n_users, DATASET.n_items)
PURCHASES, ITEM_IDS = later_purchases(as_frame(LATER).sort("time", "basket_id", "item_id"), DATASET)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def asked(cases: Cases) -> dict[str, tuple[set[str], set[str]]]:
    """user (or the row) -> what is given, what is right; as ids."""
    return {
        DATASET.user_ids[int(user)] if user != GUEST else f"row {row}": (
            {ITEM_IDS[item] for item in cases.given[[row]].indices},
            {ITEM_IDS[item] for item in cases.truth[[row]].indices},
        )
        for row, user in enumerate(cases.user)
    }


def test_unseen_items_are_numbered_behind_the_known_ones() -> None:
    assert ITEM_IDS == ["A", "B", "C", "D", "N"]
    assert DATASET.n_items == 4


def test_next_purchases_are_all_of_the_window_repeats_and_unseen_items_included() -> None:
    cases = tasks.next_purchases(PAST, PURCHASES, NOBODY_LEFT_OUT, rng())
    assert asked(cases) == {"ann": ({"A", "B"}, {"A", "C", "N"}), "bob": ({"C"}, {"B", "D"})}
    assert cases.relevant.tolist() == [3, 2]
    assert cases.given.toarray().tolist() == [[2, 1, 0, 0], [0, 0, 1, 0]], "how often, not whether"


def test_who_only_looked_has_no_purchases_to_go_by() -> None:
    cases = tasks.next_purchases(PAST, PURCHASES, NOBODY_LEFT_OUT, rng())
    assert "eve" not in asked(cases)


def test_discovery_leaves_bought_items_out_of_the_truth() -> None:
    again = [*LATER, *basket(19, "C", user="bob", day=49)]
    purchases, _ = later_purchases(as_frame(again), DATASET)
    cases = tasks.discovery(PAST, purchases, NOBODY_LEFT_OUT, rng())
    assert asked(cases) == {"ann": ({"A", "B"}, {"C", "N"}), "bob": ({"C"}, {"B", "D"})}


def test_discovery_does_not_ask_about_users_who_found_nothing_new() -> None:
    purchases, _ = later_purchases(as_frame(basket(1, "A", user="ann", day=40)), DATASET)
    assert len(tasks.discovery(PAST, purchases, NOBODY_LEFT_OUT, rng())) == 0
    assert len(tasks.next_purchases(PAST, purchases, NOBODY_LEFT_OUT, rng())) == 1


def test_new_customers_are_asked_about_their_second_basket() -> None:
    cases = tasks.new_customers(PAST, PURCHASES, NOBODY_LEFT_OUT, rng())
    assert asked(cases) == {
        "bob": ({"C"}, {"D"}),  # one basket before the window: the first one in it is the second
        "row 1": ({"A", "B"}, {"C", "N"}),  # "new": both in the window, the third is not asked about
    }


def test_basket_completion_hides_one_item_of_each_basket_of_two_or_more() -> None:
    cases = tasks.basket_completion(PURCHASES, DATASET.n_items, NOBODY_LEFT_OUT, rng())
    assert len(cases) == 4, "guests' baskets count, baskets of one do not"
    baskets = [given | truth for given, truth in asked(cases).values()]
    assert {frozenset(one) for one in baskets} >= {frozenset("AB"), frozenset("BC")}
    assert all(len(truth) == 1 and not given & truth for given, truth in asked(cases).values())
    assert set(cases.user) == {GUEST}


def test_the_item_page_shows_one_item_and_seeks_another() -> None:
    cases = tasks.item_page(PURCHASES, DATASET.n_items, NOBODY_LEFT_OUT, rng())
    truths = cases.truth.toarray()[:, :4]
    assert len(cases) == 4
    assert cases.relevant.tolist() == [1] * 4
    assert not (truths * cases.given.toarray()).any()
    assert cases.given.sum(axis=1).max() == 1


def test_every_item_of_a_basket_has_its_turn_to_be_hidden() -> None:
    purchases, _ = later_purchases(as_frame(basket(1, "A", "B", "C", day=40)), DATASET)
    chance = rng()
    hidden = {tasks.basket_completion(purchases, 4, 10, chance).truth.indices.tolist()[0] for _ in range(60)}
    pairs = {
        (case.given.indices[0], case.truth.indices[0])
        for case in (tasks.item_page(purchases, 4, 10, chance) for _ in range(200))
    }
    assert hidden == {0, 1, 2}
    assert pairs == {(one, other) for one in range(3) for other in range(3) if one != other}


def test_fresh_counts_halve_in_thirty_days() -> None:
    ann = DATASET.user_ids.find("ann")
    assert PAST.fresh.toarray()[ann] == pytest.approx([2 ** (-40 / 30) + 2 ** (-10 / 30), 2 ** (-40 / 30), 0, 0])


def test_a_basket_with_the_same_item_twice_counts_once() -> None:
    dataset = as_dataset([*basket(1, "A", "A", "B", user="ann")])
    assert len(earlier_purchases(dataset).item) == 2


def test_activity_is_by_baskets_before_the_window() -> None:
    assert PAST.baskets.tolist() == [2, 1, 0]
    groups = tasks.activity_of(np.array([0, 1, 2, 5, 6]))
    assert groups.tolist() == [Activity.NEW, Activity.NEW, Activity.LIGHT, Activity.LIGHT, Activity.HEAVY]


def test_a_sample_is_as_large_as_allowed_and_the_same_for_the_same_seed() -> None:
    events = [event for user in range(50) for event in basket(user, "A", user=f"u{user:02}", day=0)]
    dataset = as_dataset(events)
    past = past_of(earlier_purchases(dataset), UNTIL, dataset.n_users, dataset.n_items)
    later, _ = later_purchases(as_frame(events).with_columns(pl.col("time").dt.offset_by("40d")), dataset)
    first, again = (tasks.next_purchases(past, later, 7, np.random.default_rng(3)) for _ in range(2))
    assert len(first) == 7
    assert first.digest == again.digest
    assert first.digest != tasks.next_purchases(past, later, 7, np.random.default_rng(4)).digest


def test_the_digest_tells_other_answers_apart() -> None:
    cases = tasks.next_purchases(PAST, PURCHASES, NOBODY_LEFT_OUT, rng())
    fewer, _ = later_purchases(as_frame(LATER[1:]), DATASET)
    assert cases.digest != tasks.next_purchases(PAST, fewer, NOBODY_LEFT_OUT, rng()).digest
    assert cases.task is Task.NEXT_PURCHASES
