"""Co-views: a user's day and a visitor's session are visits; carts, purchases and single visits are none."""

from artifacts.model.model import CoOccurrences
from tests.support.events import Event, as_dataset, basket
from training.fitting.co_views import count_co_views
from training.interactions.dataset import Dataset


def views(user: str | None, session: str, *items: str, day: float = 0.0, event: str = "view") -> list[Event]:
    """Each some minutes after the one before."""
    return [Event(user, item, session, day + place / 1_000, event) for place, item in enumerate(items)]


def row(dataset: Dataset, found: CoOccurrences | None, item_id: str) -> dict[str, int]:
    """Companion -> support."""
    assert found is not None
    entries = found.row(dataset.item_ids.find(item_id))
    return {
        dataset.item_ids[item]: support
        for item, support in zip(found.items[entries].tolist(), found.support[entries].tolist(), strict=True)
    }


def test_days_of_users_and_sessions_of_visitors_are_visits() -> None:
    """The users' views have a basket each, as where a shop gives none."""
    events = [
        *(event for user in ("u", "v") for event in [*views(user, f"{user}1", "a"), *views(user, f"{user}2", "b")]),
        *views(None, "s1", "a", "b", "a"),
        *views("u", "u3", "c", day=1),
        *views("v", "v3", "c", day=1),
        *(event for number in range(8) for event in views(None, f"other{number}", "d", "e")),
    ]
    dataset = as_dataset(events)
    found = count_co_views(dataset, show_progress=False)
    assert row(dataset, found, "a") == {"b": 3}
    assert row(dataset, found, "c") == {}
    assert row(dataset, found, "d") == {"e": 8}


def test_a_day_is_one_of_utc() -> None:
    late = [event for user in "uvw" for event in (*views(user, "1", "a", day=0.99), *views(user, "2", "b", day=1.01))]
    others = [event for number in range(9) for event in views(None, f"s{number}", "c", "d")]
    dataset = as_dataset([*late, *others])
    assert row(dataset, count_co_views(dataset, show_progress=False), "a") == {}


def test_what_is_bought_or_put_into_a_cart_is_not_viewed() -> None:
    bought = [event for number in range(5) for event in basket(number, "a", "b", user="u", day=number)]
    carts = [event for number in range(5) for event in views("u", "c", "a", "b", day=number, event="cart")]
    assert count_co_views(as_dataset([*bought, *carts]), show_progress=False) is None


def test_one_visit_is_not_enough() -> None:
    assert count_co_views(as_dataset(views(None, "s", "a", "b")), show_progress=False) is None
