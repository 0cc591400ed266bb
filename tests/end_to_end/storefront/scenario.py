"""What a storefront does with the client in Python; prints what it was answered."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from aisle import Aisle, AisleError  # type: ignore[import-not-found, unused-ignore]

URL, KEY, BUSY, SILENT, IDS = (*sys.argv[1:5], json.loads(sys.argv[5]))
aisle = Aisle(URL, key=KEY, timeout=30)


def refusal(ask: Callable[[], Any]) -> Any:
    """The status and the bad fields that a request is refused with."""
    try:
        return ask()
    except AisleError as error:
        return [error.status, [problem["field"] for problem in error.errors]]


def ids(answer: Any) -> list[str]:
    return [item["item_id"] for item in answer["items"]]


event = {
    "event_id": "python-1",
    "type": "view",
    "user_id": "a/b",
    "item_id": IDS[0],
    "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
}
answers = {
    "items": [aisle.get("v1", "items", item_id)["item"]["item_id"] for item_id in IDS],
    "bought_together": ids(aisle.get("v1", "items", IDS[0], "cross-sell", limit=1)),
    "viewed_together": ids(aisle.get("v1", "items", IDS[0], "viewed-together", limit=1)),
    "narrowed": ids(aisle.get("v1", "items", category=["even", "no & such"], min_price=None, limit=2, in_stock=False)),
    "missing": aisle.post("v1", "recommendations", recent_items=[*IDS, "gone/1"])["missing_ids"],
    "events": [aisle.send_events([event])["accepted"], aisle.send_events([event])["duplicates"]],
    "recent": [item["item_id"] for item in aisle.get("v1", "users", "a/b", "recent")["viewed"]],
    "bad": refusal(lambda: aisle.get("v1", "popular", limit=0)),
    "unknown": refusal(lambda: aisle.get("v1", "items", "gone/1")),
    "busy": refusal(lambda: ids(Aisle(BUSY).get("v1", "popular"))),
    "events_when_busy": refusal(lambda: Aisle(BUSY).send_events([event])),
    "silent": refusal(lambda: Aisle(SILENT, timeout=0.3).get("v1", "popular")),
}
print(json.dumps(answers))
