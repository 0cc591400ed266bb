"""The live store's page as a story: its requests on the tiny shop, whose users and items stand in for those shown."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from artifacts.publishing.store import Store
from tests.end_to_end.docs.test_http_api import ask
from tests.support.documents import Curl, curls, page
from tests.support.gunicorn_service import Reply, running, wait_for

LIVE = page("live-store")


def test_what_changes_in_the_answers(tiny_store: Store, tmp_path: Path) -> None:
    with running(tiny_store.root, tmp_path, WORKERS="2", LIVE_URL=f"sqlite:///{tmp_path}/live.db") as service:
        first = item_ids(service.get("/v1/users/u1/recommendations?limit=1"))[0]
        best_seller = item_ids(service.get("/v1/popular?limit=1"))[0]
        shown = {"C10217": "u1", "CP-1038": first, "KT-1018": best_seller}
        before, buy, after, sell_out, popular, _ = [
            partial(ask, service, tiny) for tiny in translated("## What changes in the answers", shown)
        ]
        assert item_ids(before()) == [first]
        assert buy().status == 202
        assert item_ids(after()) not in ([first], [])
        assert sell_out().json["available"] is False
        wait_for(lambda: best_seller not in item_ids(popular()))


def test_who_asks_to_be_forgotten(tiny_store: Store, tmp_path: Path) -> None:
    with running(tiny_store.root, tmp_path, WORKERS="2", LIVE_URL=f"sqlite:///{tmp_path}/live.db") as service:
        assert service.get("/v1/users/u2/recommendations").json["fallback"] is None
        buy_and_look, *_ = [partial(ask, service, tiny) for tiny in translated("## Events", {"C10216": "u2"})]
        assert buy_and_look().json["accepted"] == 2
        held, opt_out, forget, unknown = [
            partial(ask, service, tiny) for tiny in translated("## Users", {"C10216": "u2"})
        ]
        assert [event["event_id"] for event in held().json["events"]] == ["web-1"]
        assert opt_out().json["personalized"] is False
        assert forget().json["events_deleted"] == 1
        assert unknown().json["fallback"] == "unknown_user"


def translated(heading: str, names: dict[str, str]) -> list[Curl]:
    """The curl commands below a heading, with other names in them, each of which it has to use."""
    section = LIVE.section(heading)
    asked = [curl for curl in curls([LIVE]) if curl.asked.text in section]
    assert all(any(name in curl.asked.text for curl in asked) for name in names)
    return [replace(curl, arguments=[_renamed(argument, names) for argument in curl.arguments]) for curl in asked]


def _renamed(argument: str, names: dict[str, str]) -> str:
    for name, own in names.items():
        argument = argument.replace(name, own)
    return argument


def item_ids(reply: Reply) -> list[str]:
    return [item["item_id"] for item in reply.json["items"]]
