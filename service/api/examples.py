"""The examples in the OpenAPI document, of the bundled sample shop: `make run` answers the requests."""

from datetime import UTC, datetime, timedelta
from typing import Any

# Of events, which the service takes for some weeks.
_YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()
_REQUEST_ID = "0b6a7c2f9d4e4c0f8a5d3e1b2c4f6a78"
_VERSION = "20260131T020000Z-903b0f7e"
_USER = "C10216"
_MACHINE = {"item_id": "CM-1001", "title": "Espresso machine 15 bar, brushed steel"}
_BEANS = {"item_id": "CT-1007", "title": "Espresso blend beans 500 g, light roast"}
_EVENT = {
    "event_id": "order-1042-1",
    "type": "purchase",
    "user_id": _USER,
    "item_id": _BEANS["item_id"],
    "time": f"{_YESTERDAY}T12:00:00Z",
    "quantity": 2,
    "price": 10.99,
    "request_id": _REQUEST_ID,
}
_VIEW = {
    "event_id": "view-88d1",
    "type": "view",
    "session_id": "s-7f3a",
    "item_id": _MACHINE["item_id"],
    "time": f"{_YESTERDAY}T12:05:00Z",
}
_REASON = {
    "because_of": [{**_MACHINE, "contribution": 0.142}],
    "bought_together": [{**_MACHINE, "support": 44, "confidence": 0.44, "lift": 236.2}],
}
_PICK = {**_BEANS, "score": 0.142, "source": "co_purchase", "category": "Coffee and tea", "price": 10.99}
_CATALOGUE_ITEM = {
    **_BEANS,
    "available": True,
    "category": "Food > Coffee and tea",
    "category_paths": [["Food", "Coffee and tea"]],
    "price": 10.99,
}
_BOUGHT = {**_CATALOGUE_ITEM, "last": "2026-01-30T17:03:00Z", "times_bought": 3}
_ITEM = {"available": True, "price": 9.49, "title": _BEANS["title"], "category": "Coffee and tea"}

# By the parameter's name.
PARAMETERS: dict[str, Any] = {
    "user_id": _USER,
    "item_id": _MACHINE["item_id"],
    "limit": 5,
    "offset": 5,
    "after": _BEANS["item_id"],
    "exclude": ["KT-1018"],
    "category": ["Coffee and tea", "Coffee machines"],
    "min_price": 5,
    "max_price": 50,
    "in_stock": True,
    "repeat": "only",
    "personalized": False,
    "explain": True,
}

# By the name of the type that the body is validated, or shaped, by.
BODIES: dict[str, Any] = {
    "Recommendations": {"recent_items": [_MACHINE["item_id"], _BEANS["item_id"]], "limit": 5, "explain": True},
    "CrossSell": {"items": [_MACHINE["item_id"], "KT-1018"], "user_id": _USER, "limit": 5},
    "Rank": {"user_id": _USER, "items": ["KT-1018", _MACHINE["item_id"], _BEANS["item_id"]]},
    "BatchRecommendations": {"user_ids": [_USER, "C10001"], "limit": 5},
    "Events": {"events": [_EVENT, _VIEW]},
    "ItemChange": {"available": False, "price": 9.49},
    "ItemLine": {"item_id": _BEANS["item_id"], **_ITEM},
    "Preferences": {"personalized": False},
    "AnswerBody": {
        "request_id": _REQUEST_ID,
        "model_version": _VERSION,
        "user_id": _USER,
        "items": [{**_PICK, "reason": _REASON}],
        "missing_ids": [],
        "fallback": None,
    },
    "ItemAnswerBody": {"request_id": _REQUEST_ID, "model_version": _VERSION, "item": _CATALOGUE_ITEM},
    "ItemPageBody": {
        "request_id": _REQUEST_ID,
        "model_version": _VERSION,
        "items": [_CATALOGUE_ITEM],
        "next_after": _BEANS["item_id"],
    },
    "RecentBody": {
        "request_id": _REQUEST_ID,
        "model_version": _VERSION,
        "user_id": _USER,
        "viewed": [],
        "bought": [_BOUGHT],
        "missing_ids": [],
        "fallback": None,
    },
    "ModelBody": {
        "version": _VERSION,
        "created": "2026-01-31T02:00:00+00:00",
        "format": 1,
        "previous": None,
        "git_commit": None,
        "data": {"source": "sample shop"},
        "cleaning": [{"reason": "kept", "rows": 31_415}],
        "configuration": {"model": {"recipe": "blend"}},
        "libraries": {"numpy": "2.4.1"},
        "metrics": {},
        "core": "x86-64-v3",
        "seconds": {"fit": 2.1},
    },
    "EventsBody": {
        "request_id": _REQUEST_ID,
        "accepted": 1,
        "duplicates": ["view-88d1"],
        "errors": [],
    },
    "ItemBody": {
        "request_id": _REQUEST_ID,
        "item_id": _BEANS["item_id"],
        **_ITEM,
        "image_url": None,
        "product_url": None,
    },
    "ItemsBody": {
        "request_id": _REQUEST_ID,
        "accepted": 1,
        "refused": 1,
        "errors": [{"line": 2, "field": "price", "message": "Input should be greater than or equal to 0"}],
    },
    "ErasureBody": {"request_id": _REQUEST_ID, "erased_at": "2026-01-31T12:00:00Z", "events_deleted": 2},
    "PreferencesBody": {"request_id": _REQUEST_ID, "user_id": _USER, "personalized": False},
    "UserDataBody": {
        "request_id": _REQUEST_ID,
        "user_id": _USER,
        "events": [{**{name: _EVENT[name] for name in _EVENT if name != "user_id"}, "received_at": _EVENT["time"]}],
        "personalized": None,
        "erased_at": None,
        "trained": {
            "model_version": _VERSION,
            "items": [
                {
                    "item_id": _BEANS["item_id"],
                    "times_bought": 3,
                    "first": "2025-06-02T09:30:00Z",
                    "last": "2026-01-05T18:12:00Z",
                    "strength": 1.8,
                }
            ],
        },
    },
    "RootBody": {
        "service": "Aisle",
        "api_version": "1.2.0",
        "links": {"documentation": "docs/", "popular": "v1/popular", "item": "v1/items/{item_id}"},
    },
    "StatusBody": {"status": "ready", "model_version": _VERSION},
    "Problem": {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "1 problem in the request: limit",
        "request_id": _REQUEST_ID,
        "errors": [{"field": "limit", "message": "Input should be less than or equal to 100", "value": 1000}],
    },
}
