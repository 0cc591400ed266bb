import json
import re

import pytest

from artifacts.publishing.store import Store
from tests.support.gunicorn_service import Service


def shown(item: int) -> dict[str, object]:
    """What the tiny shop's catalogue says of an item."""
    return {
        "item_id": f"I{item:03}",
        "title": f"Item number {item}",
        "category": "odd" if item % 2 else "even",
        "price": 1.0 + item,
        "image_url": f"https://shop.example/i/{item}.jpg",
        "product_url": f"https://shop.example/p/{item}",
    }


def test_cross_sell_of_an_item_has_a_whole_body_and_headers(service: Service, tiny_store: Store) -> None:
    reply = service.get("/v1/items/I000/cross-sell?limit=1&explain=true", {"X-Request-ID": "abc-1"})
    assert reply.status == 200
    (pick,) = reply.json.pop("items")
    reason = pick.pop("reason")
    assert {**reply.json, "items": []} == {
        "request_id": "abc-1",
        "model_version": tiny_store.current(),
        "items": [],
        "missing_ids": [],
        "fallback": None,
    }
    (pair,) = reason["bought_together"]
    assert pair["item_id"] == "I000"
    assert pair["confidence"] == 1.0, "item 2 is in every basket that holds item 0"
    assert pair["lift"] > 1
    assert pick == {**shown(2), "score": pytest.approx(pick["score"]), "source": "co_purchase"}
    headers = dict(reply.headers)
    assert headers.pop("Date")
    assert re.fullmatch(f'W/"{tiny_store.current()}(-[0-9]+)*"', headers.pop("ETag"))
    assert headers == {
        "Server": "gunicorn",
        "Connection": "keep-alive",
        "Content-Type": "application/json",
        "Content-Length": str(len(reply.body)),
        "Cache-Control": "no-cache",
        "X-Request-ID": "abc-1",
        "X-Content-Type-Options": "nosniff",
    }


def test_a_user_gets_new_items_of_their_kind(service: Service) -> None:
    reply = service.get("/v1/users/u1/recommendations?limit=3")
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in reply.headers
    assert list(reply.json) == ["request_id", "model_version", "user_id", "items", "missing_ids", "fallback"]
    assert reply.json["user_id"] == "u1"
    assert reply.json["fallback"] is None
    assert [item["category"] for item in reply.json["items"]] == ["odd"] * 3
    bought = service.get("/v1/users/u1/recommendations?limit=100&repeat=only").json["items"]
    assert bought
    assert not {item["item_id"] for item in bought} & {item["item_id"] for item in reply.json["items"]}


def test_body_and_path_answer_alike(service: Service) -> None:
    path = service.get("/v1/users/u2/recommendations?limit=4&repeat=allow&explain=true&max_price=20").json
    body = service.post(
        "/v1/recommendations",
        {"user_id": "u2", "limit": 4, "repeat": "allow", "explain": True, "max_price": 20},
    ).json
    assert path.pop("request_id") != body.pop("request_id")
    assert path == body


def test_a_session_is_answered_without_a_user(service: Service) -> None:
    reply = service.post("/v1/recommendations", {"recent_items": ["I001", "nope"], "limit": 2})
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "private, no-store"
    assert "user_id" not in reply.json
    assert reply.json["missing_ids"] == ["nope"]
    assert [item["category"] for item in reply.json["items"]] == ["odd", "odd"]


def test_unknown_user_gets_what_is_popular(service: Service) -> None:
    popular = service.get("/v1/popular?limit=5").json["items"]
    reply = service.get("/v1/users/nobody/recommendations?limit=5")
    assert reply.status == 200
    assert reply.json["fallback"] == "unknown_user"
    assert reply.json["items"] == popular
    assert {item["source"] for item in popular} == {"popular"}


def test_not_personalized_reads_nothing_about_the_user(service: Service) -> None:
    reply = service.get("/v1/users/u1/recommendations?personalized=false&limit=100")
    assert reply.json["fallback"] == "not_personalized"
    assert reply.json["items"] == service.get("/v1/popular?limit=100").json["items"]


def test_filters_hold(service: Service) -> None:
    reply = service.get("/v1/popular?limit=100&category=odd&min_price=4&max_price=9&exclude=I003&exclude=I007")
    # I003 and I007 are excluded, I005 is not available
    assert [item["item_id"] for item in reply.json["items"]] == []
    with_sold_out = service.get("/v1/popular?limit=100&category=odd&min_price=4&max_price=9&in_stock=false")
    assert {item["item_id"] for item in with_sold_out.json["items"]} == {"I003", "I005", "I007"}
    both = service.get("/v1/popular?limit=100&category=odd&category=even&max_price=2")
    assert {item["item_id"] for item in both.json["items"]} == {"I000", "I001"}


def test_whole_numbers_may_have_a_point_and_long_lists_go_in_a_body(service: Service) -> None:
    assert len(service.get("/v1/popular?limit=2.0").json["items"]) == 2
    excluded = [f"x{number}" for number in range(1000)]
    reply = service.post("/v1/recommendations", {"user_id": "u1", "limit": 2.0, "exclude": excluded})
    assert (len(reply.json["items"]), reply.json["missing_ids"]) == (2, excluded)


def test_similar_never_answers_the_item_itself(service: Service) -> None:
    reply = service.get("/v1/items/I000/similar?limit=100")
    assert reply.json["items"][0]["item_id"] == "I002"
    assert "I000" not in {item["item_id"] for item in reply.json["items"]}
    unknown = service.get("/v1/items/nope/similar?limit=3").json
    assert unknown["missing_ids"] == ["nope"]
    assert unknown["fallback"] == "unknown_items"
    assert len(unknown["items"]) == 3


def test_a_basket_is_completed(service: Service) -> None:
    reply = service.post("/v1/cross-sell", {"items": ["I000", "I004", "nope"], "limit": 5})
    assert reply.status == 200
    assert reply.json["missing_ids"] == ["nope"]
    assert reply.json["items"][0]["item_id"] == "I002"
    assert not {"I000", "I004"} & {item["item_id"] for item in reply.json["items"]}
    personal = service.post("/v1/cross-sell", {"items": ["I000"], "user_id": "u2"})
    assert personal.json["user_id"] == "u2"
    assert personal.headers["Cache-Control"] == "private, no-store"


def test_rank_keeps_the_callers_whole_list_and_flags_what_is_sold_out(service: Service) -> None:
    items = [f"I{item:03}" for item in range(12)]
    reply = service.post("/v1/rank", {"user_id": "u1", "items": [*items, "nope"]})
    assert reply.status == 200
    assert sorted(item["item_id"] for item in reply.json["items"]) == items
    assert {item["item_id"]: item["available"] for item in reply.json["items"]} == {
        item: item != "I005" for item in items
    }
    assert reply.json["missing_ids"] == ["nope"]
    assert {item["category"] for item in reply.json["items"][:6]} == {"odd"}


def test_a_batch_answers_as_single_requests_do(service: Service) -> None:
    users = [f"u{user}" for user in range(60)] + ["nobody", "u1"]
    reply = service.post("/v1/batch/recommendations", {"user_ids": users, "limit": 3, "repeat": "allow"})
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/x-ndjson"
    assert reply.headers["Transfer-Encoding"] == "chunked"
    lines = [json.loads(line) for line in reply.body.splitlines()]
    assert [line["user_id"] for line in lines] == users
    assert {line["request_id"] for line in lines} == {reply.headers["X-Request-ID"]}
    for user, line in list(zip(users, lines, strict=True))[-5:]:
        single = service.get(f"/v1/users/{user}/recommendations?limit=3&repeat=allow").json
        assert {**single, "request_id": line["request_id"]} == line


def test_the_model_tells_what_it_is(service: Service, tiny_store: Store) -> None:
    reply = service.get("/v1/model")
    manifest = tiny_store.verify(tiny_store.current())
    assert reply.status == 200
    assert reply.json["version"] == manifest.version
    assert reply.json["created"] == manifest.created
    assert reply.json["data"]["n_users"] == 60
    assert reply.json["cleaning"][0] == {"reason": "read", "rows": manifest.cleaning[0][1]}
    assert "files" not in reply.json


@pytest.mark.parametrize("target", ["/v1/popular", "/v1/items/I000/similar", "/v1/items/I000/cross-sell", "/v1/model"])
def test_who_has_this_version_already_gets_304(service: Service, tiny_store: Store, target: str) -> None:
    etag = service.get(target).headers["ETag"]
    reply = service.get(target, {"If-None-Match": f'"other", {etag}'})
    assert (reply.status, reply.body) == (304, b"")
    assert reply.headers["ETag"] == etag
    assert reply.headers["X-Request-ID"]
    assert service.get(target, {"If-None-Match": '"other"'}).status == 200


def test_a_personal_answer_is_never_304(service: Service, tiny_store: Store) -> None:
    etag = {"If-None-Match": f'W/"{tiny_store.current()}"'}
    assert service.get("/v1/users/u1/recommendations", etag).status == 200


def test_head_answers_the_headers_of_get(service: Service) -> None:
    reply = service.ask("HEAD", "/v1/popular")
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.headers["Content-Length"]) > 0
    assert reply.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("sent", ["", "with space", "ü", "a" * 129, 'quote"'])
def test_a_request_id_that_is_none_is_replaced(service: Service, sent: str) -> None:
    headers = {"X-Request-ID": sent.encode().decode("latin-1")}
    reply = service.get("/v1/popular?limit=1", headers)
    assert len(reply.headers["X-Request-ID"]) == 32
    assert reply.json["request_id"] == reply.headers["X-Request-ID"]


def test_health(service: Service, tiny_store: Store) -> None:
    assert service.get("/health/live").json == {"status": "live"}
    ready = service.get("/health/ready")
    assert ready.json == {"status": "ready", "model_version": tiny_store.current()}
    assert ready.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/v1/users/u3/recommendations?category=Evn&category=even&category=odd%20", None),
        ("/v1/popular?category=Evn&category=even&category=odd%20", None),
        ("/v1/recommendations", {"user_id": "u3", "category": ["Evn", "even", "odd "]}),
    ],
)
def test_a_category_that_no_item_is_in_is_told(service: Service, target: str, body: object) -> None:
    reply = service.get(target) if body is None else service.post(target, body)
    assert reply.status == 200
    assert reply.json["warnings"] == [
        {"field": "category", "value": value, "message": "no item is in this category"} for value in ("Evn", "odd ")
    ]
    assert {item["category"] for item in reply.json["items"]} == {"even"}


def test_without_a_warning_there_is_no_list_of_them(service: Service) -> None:
    assert "warnings" not in service.get("/v1/popular?category=even").json
    line = service.post("/v1/batch/recommendations", {"user_ids": ["u1"], "category": ["Tea"]}).json
    assert line["items"] == []
    assert line["warnings"] == [{"field": "category", "value": "Tea", "message": "no item is in this category"}]
