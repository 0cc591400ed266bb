"""Windows, and history as it stood before one."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from tests.support.events import Event, as_frame
from training.interactions.interactions import Interactions
from training.interactions.windows import Window, before, test_window, within

START = datetime(2025, 1, 1)  # noqa: DTZ001 - naive, in UTC


def interactions(events: list[Event]) -> Interactions:
    frame = as_frame(events)
    items = frame["item_id"].unique().sort()
    catalogue = pl.DataFrame({"item_id": items, "title": [f"Title {item}" for item in items]}).with_columns(
        category=pl.lit("c"),
        price=pl.lit(99.0),
        image_url=pl.lit("https://i"),
        product_url=pl.lit("https://p"),
        available=pl.lit(value=False),
    )
    return Interactions(frame, catalogue, (("read", frame.height),), "here", "fingerprint")


SHOP = interactions(
    [
        Event("a", "old", "1", day=0, price=1.0),
        Event("a", "old", "2", day=10, price=2.0),
        Event("b", "old", "3", day=20.9, price=5.0),
        Event("b", "new", "3", day=20.9, price=7.0),
        Event("b", "old", "4", day=20.95, event="view"),
    ]
)


def test_the_window_ends_at_the_midnight_after_the_newest_event() -> None:
    window = test_window(SHOP.frame, 7)
    assert window == Window(START + timedelta(days=14), START + timedelta(days=21))


def test_an_event_at_midnight_belongs_to_the_day_it_starts() -> None:
    window = test_window(as_frame([Event("a", "x", "1", day=3)]), 2)
    assert window.end == START + timedelta(days=4)


def test_earlier_windows_touch_and_do_not_overlap() -> None:
    window = test_window(SHOP.frame, 7)
    assert window.earlier(0) == window
    assert window.earlier(1).end == window.start
    assert window.earlier(3) == Window(START - timedelta(days=7), START)


def test_history_ends_before_the_window_and_the_window_holds_the_rest() -> None:
    window = test_window(SHOP.frame, 7)
    history, later = before(SHOP, window.start), within(SHOP, window, "purchase")
    assert history.frame["basket_id"].to_list() == ["1", "2"]
    assert later["basket_id"].to_list() == ["3", "3"], "the view is no purchase"
    assert later["item_id"].to_list() == ["new", "old"]


def test_an_event_at_the_start_is_in_the_window_alone() -> None:
    moment = START + timedelta(days=10)
    window = Window(moment, START + timedelta(days=30))
    assert before(SHOP, moment).frame["basket_id"].to_list() == ["1"]
    assert "2" in within(SHOP, window, "purchase")["basket_id"].to_list()


def test_the_catalogue_knows_only_what_had_been_seen() -> None:
    catalogue = before(SHOP, START + timedelta(days=14)).catalogue
    assert catalogue["item_id"].to_list() == ["old"]
    assert catalogue["price"].to_list() == [1.0], "of the prices before, not the catalogue's of today"
    assert catalogue["available"].to_list() == [True]
    assert catalogue["title"].to_list() == [None]
    assert catalogue.columns == SHOP.catalogue.columns


@pytest.mark.parametrize("column", ["title", "image_url", "product_url"])
def test_what_is_only_shown_is_left_out(column: str) -> None:
    assert before(SHOP, START + timedelta(days=14)).catalogue[column].null_count() == 1
