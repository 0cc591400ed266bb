"""The live store as a source of a training run: each event once, nobody who was erased, what was said of items."""

import json
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import polars as pl
import pytest

from artifacts.live.events import Event
from artifacts.live.items import ItemUpdate
from artifacts.live.store import LiveStore
from artifacts.model.model import Model, open_model
from artifacts.publishing.manifest import read_manifest
from artifacts.publishing.store import Store
from artifacts.queries.query import Query
from artifacts.queries.recommend import recommend
from tests.support.live_events import connect, opened, rows
from tests.support.served import served_picks
from tests.support.shop import write_tiny_shop
from training import __main__ as command_line
from training.config import Clean, Config, Data, ModelSettings
from training.errors import ConfigError, DataError
from training.interactions.interactions import Interactions, read_interactions
from training.job import measure, train
from training.live.pruning import prune_live
from training.live.settings import LiveSettings, read_live_settings

pytestmark = pytest.mark.integration

START = 1_760_000_000
DAY = 86_400


@pytest.fixture
def live(live_url: str) -> Iterator[LiveStore]:
    with opened(live_url) as store:
        yield store


def purchases(directory: Path, *planted: tuple[str | None, str, str | None, float, float]) -> Config:
    """A file of purchases (user, item, basket, time, quantity): the planted ones and those of three others."""
    others = [(f"other{n % 3}", f"I{n % 4}", f"b{n}", START + DAY * n, 1.0) for n in range(12)]
    frame = pl.DataFrame(
        [*planted, *others], schema=["user_id", "item_id", "basket_id", "time", "quantity"], orient="row"
    )
    frame.write_parquet(directory / "purchases.parquet")
    return Config(data=Data(source=str(directory / "purchases.parquet")), model=ModelSettings(factors=4, iterations=2))


def event(number: int, kind: str, item: str, at: float, **others: object) -> Event:
    who = {"user_id": None if "session_id" in others else "ana", "session_id": None}
    return Event(**{"event_id": f"e{number}", "type": kind, "item_id": item, "time": at, **who, **others})  # type: ignore[arg-type]


def read(config: Config, url: str) -> Interactions:
    return read_interactions(config, False, LiveSettings(url))


def of(interactions: Interactions, user: str | None) -> list[tuple[str, str, float, float]]:
    """A user's rows: item, event, Unix seconds, quantity."""
    theirs = interactions.frame.filter(pl.col("user_id").eq_missing(pl.lit(user)))
    return [
        (item, kind, at.replace(tzinfo=UTC).timestamp(), quantity)
        for item, kind, at, quantity in theirs.select("item_id", "event", "time", "quantity")
        .sort("time", "item_id")
        .iter_rows()
    ]


# Events


def test_each_event_counts_once(tmp_path: Path, live: LiveStore, live_url: str) -> None:
    config = purchases(tmp_path, ("ana", "I1", "order 7", START + 5, 2.0), (None, "I2", "order 8", START + 6, 1.0))
    live.insert(
        [
            event(1, "purchase", "I1", START + 5.7, quantity=2.0),  # in the data, under another basket
            event(2, "purchase", "I2", START + 6.2, session_id="s"),  # a guest's, likewise
            event(3, "purchase", "I1", START + 6.7),
            event(4, "purchase", "I2", START + 5.7),
            event(5, "view", "I1", START + 5.7),
            event(6, "purchase", "I1", START + 5.7, user_id="ben"),
        ]
    )
    live.insert([event(3, "purchase", "I1", START + 6.7)])  # sent again
    found = read(config, live_url)
    assert of(found, "ana") == [
        ("I1", "purchase", START + 5, 2.0),
        ("I1", "view", START + 5.7, 1.0),
        ("I2", "purchase", START + 5.7, 1.0),
        ("I1", "purchase", START + 6.7, 1.0),
    ]
    assert of(found, "ben") == [("I1", "purchase", START + 5.7, 1.0)]
    assert of(found, None) == [("I2", "purchase", START + 6, 1.0)]
    table = dict(found.cleaning)
    assert table["read"] == 14 + 6
    assert table["of these from the live store"] == 6
    assert table["live and in the data as well"] == 2
    assert table["kept"] == 14 + 4
    assert found.live == {"live_seq": live.watermark(), "live": {"store": live.name, "events": 6}}


def test_live_types_are_the_shops(tmp_path: Path, live: LiveStore, live_url: str) -> None:
    kinds = ["purchase", "view", "cart", "click", "impression", "return"]
    live.insert([event(n, kind, f"L{n}", START + n, user_id="eve") for n, kind in enumerate(kinds)])
    config = purchases(tmp_path)
    found = read(config, live_url)
    assert [(item, kind) for item, kind, _, _ in of(found, "eve")] == [
        ("L0", "purchase"),
        ("L1", "view"),
        ("L2", "cart"),
        ("L3", "view"),
    ]
    assert dict(found.cleaning)["event without a weight"] == 1
    assert dict(found.cleaning)["cancelled or returned"] == 1
    named = config.model_copy(update={"events": {"purchase": 0.5, "click": 0.2, "view": 0.0}})
    assert [kind for _, kind, _, _ in of(read(named, live_url), "eve")] == ["purchase", "click"]


def test_the_purchase_event_has_the_shops_name(tmp_path: Path, live: LiveStore, live_url: str) -> None:
    config = purchases(tmp_path).model_copy(update={"events": {"order": 1.0, "view": 0.1}})
    live.insert([event(1, "purchase", "I1", START, user_id="eve")])
    assert of(read(config, live_url), "eve") == [("I1", "order", START, 1.0)]


def test_a_return_takes_back_what_the_data_says_was_bought(tmp_path: Path, live: LiveStore, live_url: str) -> None:
    config = purchases(tmp_path, ("ana", "I1", "b", START, 3.0), ("ana", "I2", "b", START, 1.0))
    live.insert(
        [
            event(1, "return", "I1", START + 9, quantity=2.0),
            event(2, "return", "I2", START + 9),
            event(3, "return", "I3", START),
        ]
    )
    found = read(config, live_url)
    assert of(found, "ana") == [("I1", "purchase", START, 1.0)]
    table = dict(found.cleaning)
    assert table["cancelled or returned"] == 3
    assert table["of these for no earlier purchase"] == 1
    assert table["bought and returned"] == 1


def test_a_return_in_the_data_is_no_second_one_and_no_purchase(tmp_path: Path, live: LiveStore, live_url: str) -> None:
    config = purchases(tmp_path, ("ana", "I1", "b", START, 3.0), ("ana", "I1", "C9", START + 60, 1.0))
    config = config.model_copy(update={"clean": Clean(cancelled_basket="^C")})
    live.insert([event(1, "return", "I1", START + 60), event(2, "purchase", "I1", START + 60, quantity=5.0)])
    found = read(config, live_url)
    assert of(found, "ana") == [("I1", "purchase", START, 3.0), ("I1", "purchase", START + 60, 4.0)]


def test_a_session_is_a_basket_whatever_it_is_called(tmp_path: Path, live: LiveStore, live_url: str) -> None:
    config = purchases(tmp_path).model_copy(update={"clean": Clean(cancelled_basket="C")})
    live.insert(
        [event(n, "purchase", f"L{n}", START + 60 * n, session_id="C77") for n in range(3)]
        + [event(3, "purchase", "L3", START, session_id="b0")]  # the name of an order
    )
    frame = read(config, live_url).frame
    guests = frame.filter(pl.col("user_id").is_null())
    assert guests.height == 4
    assert guests["basket_id"].n_unique() == 2
    assert not set(guests["basket_id"]) & set(frame.filter(pl.col("user_id").is_not_null())["basket_id"])


def test_what_a_user_did_at_one_moment_is_one_basket(tmp_path: Path, live: LiveStore, live_url: str) -> None:
    live.insert([event(n, "purchase", f"L{n}", START + (n > 1), user_id="eve") for n in range(3)])
    frame = read(purchases(tmp_path), live_url).frame.filter(user_id="eve")
    assert frame.group_by("basket_id").len()["len"].sort().to_list() == [1, 2]


def test_the_fingerprint_tells_of_the_events_that_are_new(tmp_path: Path, live: LiveStore, live_url: str) -> None:
    config = purchases(tmp_path, ("ana", "I1", "b", START, 1.0))
    alone = read_interactions(config, progress=False).fingerprint
    assert read(config, live_url).fingerprint == alone
    live.insert([event(1, "purchase", "I1", START)])
    assert read(config, live_url).fingerprint == alone, "nothing new"
    live.insert([event(2, "purchase", "I2", START)])
    more = read(config, live_url).fingerprint
    assert more != alone
    live.erase("other1")
    assert len({alone, more, read(config, live_url).fingerprint}) == 3


# Erasures


def test_who_was_erased_is_left_out_up_to_then(tmp_path: Path, live: LiveStore, live_url: str) -> None:
    now = time.time()
    config = purchases(
        tmp_path,
        ("ana", "I1", "b1", START, 1.0),
        ("ana", "I2", "b2", now - 1, 1.0),
        ("ana", "I3", "b3", now + 60, 1.0),
        ("ben", "I1", "b1", START, 1.0),
    )
    live.erase("ana")
    live.insert([event(1, "purchase", "I4", now + 30)])
    found = read(config, live_url)
    assert [item for item, _, _, _ in of(found, "ana")] == ["I4", "I3"]
    assert [item for item, _, _, _ in of(found, "ben")] == ["I1"]
    assert dict(found.cleaning)["erased"] == 2
    assert sum(count for what, count in found.cleaning[1:] if not what.startswith("of these")) == found.cleaning[0][1]


def test_a_row_without_a_time_may_be_of_before(tmp_path: Path, live: LiveStore, live_url: str) -> None:
    config = purchases(tmp_path)
    frame = pl.read_parquet(tmp_path / "purchases.parquet")
    times = pl.when(pl.col("user_id") == "other1").then(None).otherwise("time")
    frame.with_columns(time=times).write_parquet(tmp_path / "purchases.parquet")
    live.erase("other1")
    assert dict(read(config, live_url).cleaning)["erased"] == 4


def test_an_erased_user_leaves_no_trace_in_a_version(tmp_path: Path, live: LiveStore, live_url: str) -> None:
    config = write_tiny_shop(tmp_path / "shop")
    frame = pl.read_parquet(tmp_path / "shop" / "purchases.parquet")
    erased = pl.col("user_id").replace({"u7": "Zarathustra-7", "u8": "Zenobia-8"})
    frame.with_columns(erased).write_parquet(tmp_path / "shop" / "purchases.parquet")
    store = Store(tmp_path / "store")
    train(config, store, False, live=LiveSettings(live_url))
    assert files_with(store, b"Zarathustra-7"), "otherwise nothing below could fail"
    live.insert([event(1, "purchase", "I001", START, user_id="Zarathustra-7")])
    live.erase("Zarathustra-7")
    train(config, store, False, live=LiveSettings(live_url))
    assert files_with(store, b"Zarathustra-7") == []
    assert files_with(store, b"Zenobia-8")
    measure(config, store, tmp_path / "report", False, live=LiveSettings(live_url))
    assert b"Zarathustra-7" not in (tmp_path / "report" / "report.html").read_bytes()


def files_with(store: Store, text: bytes) -> list[str]:
    return [path.name for path in store.current_path().iterdir() if text in path.read_bytes()]


def test_who_opted_out_still_teaches(tmp_path: Path, live: LiveStore, live_url: str) -> None:
    config = purchases(tmp_path)
    live.insert([event(1, "purchase", "I1", START + 9, user_id="other1")])
    before = read(config, live_url)
    live.set_personalized("other1", personalized=False)
    after = read(config, live_url)
    assert after.frame.equals(before.frame)
    assert after.fingerprint == before.fingerprint
    assert len(of(after, "other1")) == 5


# Items


def test_what_was_said_of_items_wins_and_new_ones_are_in_the_catalogue(
    tmp_path: Path, live: LiveStore, live_url: str
) -> None:
    said = {"available": False, "price": 3.25, "title": "Now called so", "category": "new ones",
            "image_url": "https://shop.example/new.jpg", "product_url": "https://shop.example/new"}  # fmt: skip
    live.put_items(
        [
            ItemUpdate("I004", said),
            ItemUpdate("I005", {"available": True}),
            ItemUpdate("I006", {"price": 1.0}),
            ItemUpdate("I006", {"price": None}),
            ItemUpdate("N1", {"title": "Brand new", "category": "even"}),
            ItemUpdate("N2", {"available": False}),
        ]
    )
    store = Store(tmp_path / "store")
    train(write_tiny_shop(tmp_path / "shop"), store, False, live=LiveSettings(live_url))
    model = open_model(store.current_path())
    del said["available"]
    assert described(model, "I004") == (said, False)
    assert described(model, "I005")[1]
    assert described(model, "I006")[0]["price"] == 7.0
    assert described(model, "N1") == ({"title": "Brand new", "category": "even"}, True)
    assert described(model, "N2") == ({}, False)
    everything = recommend(model, Query(user_id="u0", limit=100))
    assert "I004" not in [pick.item_id for pick in served_picks(everything)]


def described(model: Model, item_id: str) -> tuple[dict[str, str | float], bool]:
    index = model.item_ids.find(item_id)
    assert index >= 0
    return model.catalogue.describe(index), bool(model.catalogue.available[index])


# The version


def test_a_version_says_what_it_has_read_and_what_events_count(tmp_path: Path, live: LiveStore, live_url: str) -> None:
    config = purchases(tmp_path).model_copy(update={"events": {"order": 2.0, "view": 0.25, "cart": 0.5, "click": 0.3}})
    live.insert([event(n, "view", "I1", START + n) for n in range(3)])
    store, seq = Store(tmp_path / "store"), live.watermark()
    train(config, store, False, live=LiveSettings(live_url))
    model = open_model(store.current_path())
    assert model.live_seq == seq == 3
    assert model.manifest.data["live"] == {"store": live.name, "events": 3}
    assert "password" not in json.dumps(model.manifest.data)
    assert model.recipe.event_weights == {"purchase": 2.0, "view": 0.25, "cart": 0.5, "click": 0.3}
    no_clicks = config.model_copy(update={"events": {"purchase": 1.0, "view": 0.2}})
    train(no_clicks, store, False, force="without the live store")
    model = open_model(store.current_path())
    assert model.live_seq == 0
    assert "live" not in model.manifest.data
    assert model.recipe.event_weights == {"purchase": 1.0, "view": 0.2, "cart": 0.0, "click": 0.2}


# Pruning


def age(url: str, days: float, up_to: int) -> None:
    with connect(url) as connection:
        connection.exec_driver_sql(f"UPDATE live_events SET received = received - {days * DAY} WHERE seq <= {up_to}")  # noqa: S608


def kept(url: str) -> list[int]:
    return [int(str(seq)) for (seq,) in rows(url, "SELECT seq FROM live_events ORDER BY seq")]


def test_only_old_events_that_every_version_has_read_are_pruned(tmp_path: Path, live: LiveStore, live_url: str) -> None:
    config, store, settings = purchases(tmp_path), Store(tmp_path / "store"), LiveSettings(live_url)
    live.insert([event(n, "view", "I1", START + n) for n in (1, 2)])
    first = train(config, store, False, live=settings)
    assert kept(live_url) == [1, 2], "of today"
    live.insert([event(n, "view", "I1", START + n) for n in (3, 4)])
    unread = kept(live_url)[2:]
    age(live_url, 401, up_to=unread[0])
    train(config, store, False, live=settings)
    assert kept(live_url) == unread, "who goes back to the first version must still see what it has not read"
    shutil.rmtree(store.path(first))
    now = time.time()
    assert prune_live(store, live_url, 0, now) == 0
    assert prune_live(store, live_url, 402, now) == 0
    assert prune_live(store, live_url, 400, now) == 1
    assert kept(live_url) == unread[1:], "the last one is of today"


def test_versions_that_read_another_live_store_have_read_none_of_this_one(
    tmp_path: Path, live: LiveStore, live_url: str
) -> None:
    config, store = purchases(tmp_path), Store(tmp_path / "store")
    with opened(f"sqlite:///{tmp_path}/former.db") as former:
        former.insert([event(n, "view", "I1", START + n) for n in range(9)])
    train(config, store, False, live=LiveSettings(f"sqlite:///{tmp_path}/former.db"))
    live.insert([event(1, "view", "I1", START)])
    age(live_url, 500, up_to=1)
    train(config, store, False, force="another live store", live=LiveSettings(live_url))
    assert kept(live_url) == [1]


def test_what_a_version_without_the_live_store_has_not_read_is_kept(
    tmp_path: Path, live: LiveStore, live_url: str
) -> None:
    config, store = purchases(tmp_path), Store(tmp_path / "store")
    train(config, store, False)
    live.insert([event(n, "view", "I1", START + n) for n in (1, 2)])
    age(live_url, 500, up_to=2)
    train(config, store, False, live=LiveSettings(live_url))
    assert kept(live_url) == [1, 2]


def test_a_failing_prune_does_not_undo_the_publishing(
    tmp_path: Path, live: LiveStore, live_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config, store = purchases(tmp_path), Store(tmp_path / "store")
    first = train(config, store, False, live=LiveSettings(live_url))
    (store.path(first) / "manifest.json").write_text("{")
    live.insert([event(1, "purchase", "I1", START)])  # other files, so another version
    second = train(config, store, False, live=LiveSettings(live_url))
    assert store.current() == second
    said = capsys.readouterr().err
    assert said.startswith(f"train: {second} is published, but old live events could not be removed: ")
    assert said.count("\n") == 1


# Failures


@pytest.fixture
def published(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    train(purchases(tmp_path), store, False)
    return store


def run(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> int:
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "store"))
    monkeypatch.setenv("LIVE_URL", url)
    arguments = {"train": [], "evaluate": [], "tune": ["--out", str(tmp_path / "tuned.toml")]}[command]
    return command_line.main([command, "--quiet", "--data", str(tmp_path / "purchases.parquet"), *arguments])


@pytest.mark.parametrize("command", ["train", "evaluate", "tune"])
@pytest.mark.parametrize("fault", ["file", "directory", "broken", "server", "newer", "url"])
def test_without_its_live_store_a_run_fails_and_the_published_version_stays(  # noqa: PLR0917
    published: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    fault: str,
) -> None:
    path = tmp_path / "live.db"
    url, problem = f"sqlite:///{path}", "no such file"
    if fault == "directory":
        url, problem = f"sqlite:///{tmp_path}/nowhere/live.db", "LIVE_URL: .*nowhere is not a directory"
    elif fault == "broken":
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
    elif fault == "url":
        url, problem = "mysql://localhost/shop", "LIVE_URL: mysql:// is neither"
    before = published.current()
    assert run(command, tmp_path, monkeypatch, url) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{command}: ")
    assert "secret" not in said.err
    assert re.search(problem, said.err)
    assert published.versions() == [before]
    assert published.current() == before
    if fault == "file":
        assert not path.exists()


def test_the_first_run_of_all_makes_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    purchases(tmp_path)
    assert run("train", tmp_path, monkeypatch, f"sqlite:///{tmp_path}/live.db") == 0
    assert (tmp_path / "live.db").exists()
    assert read_manifest(Store(tmp_path / "store").current_path()).data["live_seq"] == 0


def test_a_store_that_goes_while_it_is_read_is_one_error(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/live.db"
    with opened(url) as live:
        live.insert([event(1, "view", "I1", START)])
    with sqlite3.connect(tmp_path / "live.db") as connection:
        connection.execute("DROP TABLE live_events")
    connection.close()
    with pytest.raises(DataError, match=r"the live store cannot be used: .*live\.db"):
        read(purchases(tmp_path), url)


def test_settings() -> None:
    assert read_live_settings({}) == LiveSettings(None, 400)
    assert read_live_settings({"LIVE_URL": "", "LIVE_KEEP_DAYS": "0"}) == LiveSettings(None, 0)
    with pytest.raises(ConfigError, match=r"LIVE_URL: .*\n.*LIVE_KEEP_DAYS='-1' is not a whole number from 0") as error:
        read_live_settings({"LIVE_URL": "postgresql//me:secret@x", "LIVE_KEEP_DAYS": "-1"})
    assert "secret" not in str(error.value)
    assert "secret" not in repr(LiveSettings("postgresql://me:secret@x/y"))
