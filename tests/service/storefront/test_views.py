"""The catalogue and what users did last, through gunicorn, with live changes over a trained version."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from artifacts.publishing.store import Store
from service.http.keys import Scope, create_key
from tests.support.gunicorn_service import Reply, Service, running, wait_for

pytestmark = pytest.mark.integration

ODD = "new/50% off? é漢"


@pytest.fixture(scope="module")
def shop(tiny_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The tiny shop's service with a live store of its own."""
    directory = tmp_path_factory.mktemp("shop")
    with running(tiny_store.root, directory, LIVE_URL=f"sqlite:///{directory}/live.db") as service:
        yield service


def item(service: Service, item_id: str) -> Reply:
    return service.get(f"/v1/items/{quote(item_id, safe='')}")


def put(service: Service, item_id: str, **fields: Any) -> None:
    """Change an item, and wait until it is shown so."""
    before = item(service, item_id).headers["ETag"]
    assert service.ask("PUT", f"/v1/items/{quote(item_id, safe='')}", fields).status == 200
    wait_for(lambda: item(service, item_id).headers["ETag"] != before and item(service, item_id).status == 200)


def pages(service: Service, **query: Any) -> list[list[str]]:
    found, after = [], None
    while True:
        asked = urlencode({**query, **({"after": after} if after else {})}, doseq=True)
        body = service.get(f"/v1/items?{asked}").json
        found.append([one["item_id"] for one in body["items"]])
        after = body["next_after"]
        if after is None:
            return found


def send(service: Service, user: str, *events: tuple[str, str, float]) -> None:
    """What a user did: type, item, and how many hours ago."""
    now = datetime.now(UTC)
    body = [
        {
            "event_id": f"{user}-{kind}-{item_id}-{hours}",
            "type": kind,
            "user_id": user,
            "item_id": item_id,
            "time": (now - timedelta(hours=hours)).isoformat(),
        }
        for kind, item_id, hours in events
    ]
    assert service.post("/v1/events", {"events": body}).json["accepted"] == len(body)


def recent(service: Service, user: str, query: str = "") -> dict[str, Any]:
    reply = service.get(f"/v1/users/{user}/recent{query}")
    assert reply.status == 200, reply.body
    assert reply.headers["Cache-Control"] == "private, no-store"
    body: dict[str, Any] = reply.json
    return body


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [one["item_id"] for one in items]


# An item


def test_an_item_is_what_the_catalogue_shows_of_it(shop: Service) -> None:
    reply = item(shop, "I004")
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "no-cache"
    body = reply.json
    assert body["request_id"] == reply.headers["X-Request-ID"]
    assert body["model_version"] == shop.get("/health/ready").json["model_version"]
    assert body["item"] == {
        "item_id": "I004",
        "available": True,
        "title": "Item number 4",
        "category": "even",
        "category_paths": [["even"]],
        "price": 5.0,
        "image_url": "https://shop.example/i/4.jpg",
        "product_url": "https://shop.example/p/4",
    }


def test_a_sold_out_item_is_shown_as_such(shop: Service) -> None:
    assert item(shop, "I005").json["item"]["available"] is False


def test_an_unknown_item_is_not_found(shop: Service) -> None:
    reply = item(shop, "gone")
    assert (reply.status, reply.headers["Content-Type"]) == (404, "application/problem+json")
    assert reply.json["detail"] == "the catalogue has no item of this id"
    assert "ETag" not in reply.headers


def test_an_item_follows_the_live_store_and_its_tag_too(shop: Service) -> None:
    tag = item(shop, "I006").headers["ETag"]
    assert shop.get("/v1/items/I006", {"If-None-Match": tag}).status == 304
    put(shop, "I006", available=False, price=4.5, title="Six", category="Home > Kitchen|Sale")
    reply = shop.get("/v1/items/I006", {"If-None-Match": tag})
    assert reply.status == 200
    found = reply.json["item"]
    assert (found["available"], found["price"], found["title"]) == (False, 4.5, "Six")
    assert found["category_paths"] == [["Home", "Kitchen"], ["Sale"]]
    put(shop, "I006", available=None, price=None, title=None, category=None)
    assert item(shop, "I006").json["item"]["title"] == "Item number 6"


def test_an_item_that_training_has_not_seen_is_there(shop: Service) -> None:
    assert item(shop, ODD).status == 404
    assert shop.ask("PUT", f"/v1/items/{quote(ODD, safe='')}", {"title": "New", "category": "odd"}).status == 200
    wait_for(lambda: item(shop, ODD).status == 200)
    assert item(shop, ODD).json["item"] == {
        "item_id": ODD,
        "available": True,
        "title": "New",
        "category": "odd",
        "category_paths": [["odd"]],
    }
    assert any(ODD in page for page in pages(shop, category="odd", limit=3))


# Pages


def test_every_item_comes_once_whatever_the_pages(shop: Service) -> None:
    every = [f"I{number:03}" for number in range(27)]
    trained = [page for page in pages(shop, limit=4, in_stock="false") if page]
    flat = [item_id for page in trained for item_id in page if item_id.startswith("I")]
    assert flat == every
    assert all(len(page) == 4 for page in trained[:-1])
    (whole,) = pages(shop, limit=100, in_stock="false")
    assert whole == [item_id for page in trained for item_id in page]
    assert pages(shop, limit=100) == [[item_id for item_id in whole if item_id != "I005"]]


def test_pages_are_narrowed_by_category_and_price(shop: Service) -> None:
    even = pages(shop, category="even", min_price=3, max_price=9, limit=2)
    assert even == [["I002", "I004"], ["I006", "I008"]]
    body = shop.get("/v1/items?category=nothing").json
    assert (body["items"], body["next_after"]) == ([], None)
    assert body["warnings"] == [{"field": "category", "value": "nothing", "message": "no item is in this category"}]


def test_what_changes_between_two_pages_moves_no_other_item(shop: Service) -> None:
    first = shop.get("/v1/items?category=even&limit=3").json
    assert ids(first["items"]) == ["I000", "I002", "I004"]
    put(shop, "I002", available=False)
    put(shop, "I004", available=False)
    second = shop.get(f"/v1/items?category=even&limit=3&after={first['next_after']}").json
    assert ids(second["items"]) == ["I006", "I008", "I010"]
    put(shop, "I002", available=None)
    put(shop, "I004", available=None)


def test_bad_pages_are_refused(shop: Service) -> None:
    for query, field in (("limit=101", "limit"), ("after=", "after"), ("page=2", "page"), ("offset=1", "offset")):
        reply = shop.get(f"/v1/items?{query}")
        assert reply.status == 400
        assert [error["field"] for error in reply.json["errors"]] == [field]


# What a user did last


def test_what_a_user_bought_in_training_and_since(shop: Service) -> None:
    before = recent(shop, "u0", "?limit=100")
    assert before["fallback"] is None
    assert before["viewed"] == []
    times = [one["last"] for one in before["bought"]]
    assert times == sorted(times, reverse=True)
    assert all(one["times_bought"] > 0 and one["title"] for one in before["bought"])
    send(shop, "u0", ("purchase", "I003", 2), ("view", "I001", 1), ("cart", "I003", 3), ("impression", "I007", 0.1))
    after = recent(shop, "u0", "?limit=2")
    assert ids(after["viewed"]) == ["I001", "I003"]
    assert ids(after["bought"]) == ["I003", before["bought"][0]["item_id"]]
    assert after["viewed"][0]["times_bought"] == 0
    assert after["bought"][0]["times_bought"] == 1
    send(shop, "u0", ("return", "I003", 1))
    assert "I003" not in ids(recent(shop, "u0", "?limit=100")["bought"])


def test_a_user_whom_training_does_not_know(shop: Service) -> None:
    nobody = recent(shop, "stranger")
    assert (nobody["viewed"], nobody["bought"], nobody["fallback"]) == ([], [], "unknown_user")
    send(shop, "stranger", ("view", "I001", 2), ("purchase", "I002", 1), ("view", "no-such", 0.5))
    known = recent(shop, "stranger")
    assert (ids(known["viewed"]), ids(known["bought"]), known["fallback"]) == (["I001"], ["I002"], None)
    assert known["missing_ids"] == ["no-such"]


def test_sold_out_items_are_marked(shop: Service) -> None:
    send(shop, "watcher", ("view", "I005", 1))
    assert recent(shop, "watcher")["viewed"][0]["available"] is False


def test_nothing_is_told_of_who_opted_out_or_was_erased(shop: Service) -> None:
    send(shop, "u2", ("view", "I001", 1))
    assert shop.ask("PUT", "/v1/users/u2/preferences", {"personalized": False}).status == 200
    out = recent(shop, "u2")
    assert (out["viewed"], out["bought"], out["fallback"]) == ([], [], "not_personalized")
    assert shop.ask("DELETE", "/v1/users/u2").status == 200
    gone = recent(shop, "u2")
    assert (gone["viewed"], gone["bought"], gone["fallback"]) == ([], [], "unknown_user")
    send(shop, "u2", ("view", "I009", 0))
    assert ids(recent(shop, "u2")["viewed"]) == ["I009"]


def test_the_scope_is_that_of_other_answers_to_users(tiny_store: Store, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    read, write = (create_key(keys, scope, frozenset({scope})) for scope in (Scope.READ, Scope.WRITE))
    with running(tiny_store.root, tmp_path, API_KEYS_FILE=str(keys)) as service:
        for target in ("/v1/users/u0/recent", "/v1/items/I001", "/v1/items", "/v1/items/I001/viewed-together"):
            assert service.get(target).status == 401
            assert service.get(target, {"Authorization": f"Bearer {write}"}).status == 403
            assert service.get(target, {"Authorization": f"Bearer {read}"}).status == 200


# Pages of picks


def at_one_moment(service: Service, *targets: str) -> list[list[dict[str, Any]]]:
    """The picks of several answers between which no live change came in."""

    def asked() -> list[Reply] | None:
        replies = [service.get(target) for target in targets]
        return replies if len({reply.headers["ETag"] for reply in replies}) == 1 else None

    return [reply.json["items"] for reply in wait_for(asked)]


@pytest.mark.parametrize("target", ["/v1/popular", "/v1/items/I004/similar", "/v1/items/unknown/similar"])
def test_offset_goes_on_where_the_page_before_ended(shop: Service, target: str) -> None:
    whole, *parts = at_one_moment(
        shop, f"{target}?limit=20", *(f"{target}?limit=7&offset={offset}" for offset in (0, 7, 14))
    )
    assert [pick for part in parts for pick in part][:20] == whole
    assert len(whole) == 20
    assert shop.get(f"{target}?offset=1000").json["items"] == []


def test_offset_has_a_bound(shop: Service) -> None:
    for target in ("/v1/popular?offset=1001", "/v1/popular?offset=-1", "/v1/items/I004/similar?offset=1.5"):
        assert [error["field"] for error in shop.get(target).json["errors"]] == ["offset"]


def test_without_views_what_can_stand_in_is_answered_and_said(shop: Service) -> None:
    assert shop.get("/v1/items/I004/viewed-together").json["fallback"] == "no_views"
    viewed, similar = at_one_moment(
        shop, *(f"/v1/items/I004/{kind}?limit=5" for kind in ("viewed-together", "similar"))
    )
    assert viewed == similar


# Without the live store


def test_without_the_live_store_the_version_answers_and_says_so(tiny_store: Store, tmp_path: Path) -> None:
    with running(tiny_store.root, tmp_path, LIVE_URL="postgresql://aisle@127.0.0.1:1/none") as service:
        assert item(service, "I004").json["degraded"] == ["live"]
        assert service.get("/v1/items").json["degraded"] == ["live"]
        found = recent(service, "u0")
        assert found["degraded"] == ["live"]
        assert found["bought"]
