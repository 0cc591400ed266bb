"""Picks follow the live store: nobody who was erased, nothing that sold out, nothing that was bought this morning."""

import json
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from artifacts.live.events import Event
from artifacts.live.items import ItemUpdate
from artifacts.live.overlay import Overlay, no_changes
from artifacts.live.store import LiveStore
from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from artifacts.queries.query import Query, Repeat
from artifacts.queries.recommend import recommend
from tests.support.live_events import opened
from tests.support.served import served_picks
from tests.support.versions import copy_of, publish_again
from training import __main__ as command_line
from training.live.settings import LiveSettings
from training.picks import parts as picks_parts
from training.picks import write_picks as picks
from training.picks.files import SCHEMA
from training.picks.write_picks import write_picks

QUERIES = {
    "default": Query(limit=6),
    "allow": Query(limit=30, repeat=Repeat.ALLOW),
    "only": Query(repeat=Repeat.ONLY),
    "popular": Query(personalized=False),
}
TEXTS = ("title", "category", "price", "image_url", "product_url")
Row = dict[str, object]


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


@pytest.fixture
def live(live_url: str) -> Iterator[LiveStore]:
    with opened(live_url) as store:
        yield store


def happen(live: LiveStore) -> None:
    """A day in the shop: purchases, looks, a return and impressions; stock and texts; erasures and an opt-out."""
    live.insert(
        [
            *(event(n, "purchase", item, "u2") for n, item in enumerate(["I010", "I012", "not trained"])),
            event(4, "view", "I011", "u4"),
            event(5, "cart", "I013", "u4"),
            event(6, "return", "I000", "u6"),
            event(7, "impression", "I009", "u8"),
            event(8, "purchase", "I007", "new"),
            event(9, "purchase", "I001", "u10"),
            event(10, "purchase", "I001", "u12"),
            event(11, "purchase", "I003", None, "s-1"),
        ]
    )
    live.put_items(
        [
            ItemUpdate("I014", {"available": False}),
            ItemUpdate("I005", {"available": True, "title": "Back again, größer", "price": 2.5, "category": "fresh"}),
            ItemUpdate(
                "I015", {"image_url": "https://shop.example/new.jpg", "product_url": "https://shop.example/new"}
            ),
            ItemUpdate("not trained", {"title": "Nobody can be recommended this here"}),
        ]
    )
    live.erase("u10")
    live.erase("u14")
    live.erase("nobody")
    live.insert([event(12, "purchase", "I017", "u14")])
    live.set_personalized("u12", personalized=False)
    live.set_personalized("u16", personalized=False)
    live.set_personalized("u18", personalized=True)


def event(number: int, kind: str, item: str, user: str | None, session: str | None = None) -> Event:
    return Event(f"e{number}", kind, user, session, item, time.time() + number)


def known(model: Model) -> list[str]:
    return [model.user_ids[index] for index in range(len(model.user_ids))]


def expected(model: Model, live: LiveStore, query: Query, user_ids: Iterable[str]) -> list[Row]:
    """What `recommend` answers each user, told what the service is told."""
    told = no_changes(model)
    told.add_items(live.changes_since(0).items)
    told.add_events(live.item_events_since(0))
    laid = Overlay(model, told).model
    rows: list[Row] = []
    for user_id in user_ids:
        activity = live.activity(user_id, None, model.live_seq)
        asked = replace(
            query, user_id=user_id, activity=activity, personalized=query.personalized and activity.personalized
        )
        answer = recommend(laid, asked)
        for rank, pick in enumerate(served_picks(answer), 1):
            shown = {name: getattr(pick, name) for name in SCHEMA if hasattr(pick, name)}
            rows.append({"user_id": user_id, "rank": rank, "fallback": answer.fallback, **shown})
    return rows


def write(store: Store, out: Path, url: str, query: Query = QUERIES["default"], users: Path | None = None) -> list[Row]:
    write_picks(store, out, query, users, False, live=LiveSettings(url))
    return pl.read_parquet(out, glob=False).to_dicts()


def assert_same(found: list[Row], wanted: list[Row]) -> None:
    """But for rounding, and for which of several equal scores comes first."""
    assert [(row["user_id"], row["rank"], row["fallback"]) for row in found] == [
        (row["user_id"], row["rank"], row["fallback"]) for row in wanted
    ]
    assert [row["score"] for row in found] == pytest.approx([row["score"] for row in wanted], rel=1e-5, abs=1e-6)
    same = [one["item_id"] == other["item_id"] for one, other in zip(found, wanted, strict=True)]
    assert sum(same) > 0.95 * len(same)
    said = {row["item_id"]: [row[name] for name in TEXTS] for row in wanted}
    assert all(said.get(row["item_id"], texts) == texts for row in found for texts in [[row[name] for name in TEXTS]])


def pretend_to_have_read(store: Store, up_to: int) -> None:
    path = store.current_path() / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["data"]["live_seq"] = up_to
    path.write_text(json.dumps(manifest))


def picked(rows: list[Row], user_id: str) -> list[object]:
    return [row["item_id"] for row in rows if row["user_id"] == user_id]


@pytest.mark.parametrize("name", QUERIES)
def test_everybody_has_what_recommend_answers_when_told_of_today(  # noqa: PLR0917
    tiny_store: Store, model: Model, tmp_path: Path, live: LiveStore, live_url: str, name: str
) -> None:
    happen(live)
    rows = write(tiny_store, tmp_path / "picks.parquet", live_url, QUERIES[name])
    left = [user_id for user_id in known(model) if user_id not in {"u10", "u14"}]
    assert_same(rows, expected(model, live, QUERIES[name], left))
    assert "I014" not in {row["item_id"] for row in rows}
    if name == "default":
        before = expected(model, live, Query(limit=6), ["u20"])
        assert not {"I010", "I012"} & set(picked(rows, "u2"))
        assert {"I010", "I012"} & {row["item_id"] for row in before}, "otherwise the line above could not fail"
        assert {row["fallback"] for row in rows} == {None, "not_personalized"}
        shown = {row["item_id"]: row for row in rows}
        assert shown["I005"]["title"] == "Back again, größer"
        assert (shown["I005"]["price"], shown["I005"]["category"]) == (2.5, "fresh")


def test_a_list_names_the_erased_as_unknown_and_the_new_by_their_first_events(
    tiny_store: Store, model: Model, tmp_path: Path, live: LiveStore, live_url: str
) -> None:
    happen(live)
    users = ["u10", "new", "u14", "nobody", "u2", "u12", "stranger", "u10"]
    (tmp_path / "users.txt").write_text("\n".join(users))
    rows = write(tiny_store, tmp_path / "picks.parquet", live_url, users=tmp_path / "users.txt")
    assert_same(rows, expected(model, live, Query(limit=6), users[:-1]))
    fallbacks = {row["user_id"]: row["fallback"] for row in rows}
    assert fallbacks == {
        "u10": "unknown_user",
        "new": None,
        "u14": None,
        "nobody": "unknown_user",
        "u2": None,
        "u12": "not_personalized",
        "stranger": "unknown_user",
    }
    assert "I007" not in picked(rows, "new")
    assert picked(rows, "u10")[:6] == picked(rows, "stranger")
    assert "I017" not in picked(rows, "u14"), "bought after coming back"


def test_what_the_version_was_trained_with_is_not_told_again(
    tiny_store: Store, tmp_path: Path, live: LiveStore, live_url: str
) -> None:
    happen(live)
    store = copy_of(tiny_store, tmp_path / "store")
    pretend_to_have_read(store, live.watermark())
    rows = write(store, tmp_path / "picks.parquet", live_url)
    assert len({row["user_id"] for row in rows}) == 60, "who was erased before training and is known came back"
    opted_out = {row["user_id"] for row in rows if row["fallback"]}
    assert opted_out == {"u12", "u16"}


@pytest.mark.integration
def test_several_processes_write_the_very_file_that_one_writes(
    tiny_store: Store, tmp_path: Path, live: LiveStore, live_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(live)
    monkeypatch.setattr(picks, "USERS_PER_CHUNK", 7)
    write(tiny_store, tmp_path / "one.parquet", live_url)
    monkeypatch.setattr(picks, "CHUNKS_WORTH_PROCESSES", 1)
    monkeypatch.setattr(picks, "available_cpus", lambda: 2)
    write(tiny_store, tmp_path / "two.parquet", live_url)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


@pytest.mark.integration
def test_a_chunk_may_lose_all_its_users(  # noqa: PLR0917
    tiny_store: Store, model: Model, tmp_path: Path, live: LiveStore, live_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picks, "USERS_PER_CHUNK", 2)
    gone = known(model)[:3]
    for user_id in gone:
        live.erase(user_id)
    rows = write(tiny_store, tmp_path / "picks.parquet", live_url)
    assert {row["user_id"] for row in rows} == set(known(model)) - set(gone)
    assert not any(user_id.encode() + b"\0" in (tmp_path / "picks.parquet").read_bytes() for user_id in gone)


@pytest.mark.parametrize("told", [True, False])
def test_a_run_is_gone_on_with_only_where_nothing_was_told_since(  # noqa: PLR0917
    tiny_store: Store,
    tmp_path: Path,
    live: LiveStore,
    live_url: str,
    monkeypatch: pytest.MonkeyPatch,
    told: bool,
) -> None:
    monkeypatch.setattr(picks, "USERS_PER_CHUNK", 10)
    monkeypatch.setattr(picks, "available_cpus", lambda: 1)
    added: list[int] = []
    add = picks_parts.Parts.add

    def fail_at_the_fourth(parts: picks_parts.Parts, number: int, *others: object) -> None:
        if number == 3 and number not in added:
            added.append(number)
            raise KeyboardInterrupt
        added.append(number)
        add(parts, number, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(picks_parts.Parts, "add", fail_at_the_fourth)
    out = tmp_path / "picks.parquet"
    with pytest.raises(KeyboardInterrupt):
        write(tiny_store, out, live_url)
    if told:
        live.erase("u0")
    rows = write(tiny_store, out, live_url)
    assert added == [0, 1, 2, 3, *([0, 1, 2, 3, 4, 5] if told else [3, 4, 5])]
    assert ("u0" in {row["user_id"] for row in rows}) is not told


def test_without_users_named_or_orders_the_live_store_costs_no_row(
    tiny_store: Store, tmp_path: Path, live: LiveStore, live_url: str
) -> None:
    write(tiny_store, tmp_path / "told.parquet", live_url)
    write_picks(tiny_store, tmp_path / "alone.parquet", QUERIES["default"], None, show_progress=False)
    assert (tmp_path / "told.parquet").read_bytes() == (tmp_path / "alone.parquet").read_bytes()


# Failures


@pytest.mark.parametrize("fault", ["file", "broken", "server", "newer", "older", "url"])
def test_without_the_live_store_there_is_no_file(
    tiny_store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: str,
) -> None:
    store = copy_of(tiny_store, tmp_path / "store")
    path = tmp_path / "live.db"
    url, problem = f"sqlite:///{path}", "the live store cannot be used: .*no such file"
    if fault == "broken":
        path.write_bytes(b"no database" * 1000)
        problem = "the live store cannot be used: .*not a database"
    elif fault == "server":
        url, problem = "postgresql://me:secret@127.0.0.1:1/shop", "the live store cannot be used: .*refused"
    elif fault == "newer":
        with opened(url):
            pass
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE live_version SET version_num = '9999'")
        connection.close()
        problem = "newer release"
    elif fault == "older":
        with opened(url):
            pass
        pretend_to_have_read(store, 5)
        problem = "its last change has the number 0, and .* has read up to 5"
    elif fault == "url":
        url, problem = "mysql://localhost/shop", "LIVE_URL: mysql:// is neither"
    monkeypatch.setenv("ARTIFACTS_DIR", str(store.root))
    monkeypatch.setenv("LIVE_URL", url)
    out = tmp_path / "picks.csv"
    out.write_text("yesterday's")
    assert command_line.main(["picks", "--quiet", "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.search(problem, said.err)
    assert "secret" not in said.err
    assert out.read_text() == "yesterday's"
    assert publish_again(store, 1), "the store of versions is as it was"
