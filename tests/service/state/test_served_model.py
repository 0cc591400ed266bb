import json
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artifacts.live.items import ItemUpdate
from artifacts.model.model import open_model
from artifacts.publishing.manifest import MANIFEST_NAME
from artifacts.publishing.receipts import Receipts
from artifacts.publishing.store import Store
from service.http.errors import NoModelError
from service.state import served_model as live_model
from service.state.live_items import LiveItems
from service.state.served_model import ServedModel
from service.telemetry import log
from tests.support.gunicorn_service import wait_for
from tests.support.live_events import event, opened
from tests.support.versions import copy_of, corrupt, publish_again


@pytest.fixture
def store(tiny_store: Store, tmp_path: Path) -> Store:
    return copy_of(tiny_store, tmp_path / "store")


class AtOnce:
    """Writes a line when it comes, and not soon."""

    def write(self, line: bytes) -> None:
        os.write(log.STDOUT, line)


@pytest.fixture(autouse=True)
def lines_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_writer", AtOnce())


def events(capfd: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    return [(line["event"], line["model_version"]) for line in said_of_models(capfd)]


def said_of_models(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The log's lines about models: others may come late, from tests before."""
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    return [line for line in lines if line.get("event", "").startswith("model_")]


def serving(served_model: ServedModel) -> str:
    served_model.refresh()
    return served_model.served.model.version


def test_nothing_published_is_no_model_and_no_event(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    served_model = ServedModel(Store(tmp_path / "none"), LiveItems(None))
    served_model.refresh()
    with pytest.raises(NoModelError, match="no model is published yet"):
        _ = served_model.served
    assert events(capfd) == []


def test_new_versions_and_rollbacks_are_followed(store: Store, capfd: pytest.CaptureFixture[str]) -> None:
    served_model, first = ServedModel(store, LiveItems(None)), store.current()
    assert serving(served_model) == first
    second = publish_again(store, 1)
    assert serving(served_model) == second
    assert served_model.served.directory == store.path(second)
    store.rollback()
    assert serving(served_model) == first
    assert serving(served_model) == first
    assert events(capfd) == [("model_served", first), ("model_served", second), ("model_served", first)]


def test_a_corrupt_version_is_refused_once(store: Store, capfd: pytest.CaptureFixture[str]) -> None:
    served_model, first = ServedModel(store, LiveItems(None)), store.current()
    served_model.refresh()
    second = publish_again(store, 1)
    corrupt(store, second)
    assert [serving(served_model) for _ in range(3)] == [first] * 3
    assert events(capfd) == [("model_served", first), ("model_refused", second)]
    third = publish_again_from(store, first)
    assert serving(served_model) == third


def publish_again_from(store: Store, version: str) -> str:
    store.rollback(to=version)
    return publish_again(store, 2)


def test_an_unknown_format_is_refused(store: Store, capfd: pytest.CaptureFixture[str]) -> None:
    served_model, first = ServedModel(store, LiveItems(None)), store.current()
    served_model.refresh()
    second = publish_again(store, 1)
    manifest = store.path(second) / MANIFEST_NAME
    manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 99'))
    assert serving(served_model) == first
    refused = said_of_models(capfd)[-1]
    assert refused["event"] == "model_refused"
    assert "99" in refused["error"]
    assert "1" in refused["error"].replace("99", "")


@pytest.mark.parametrize("pointer", ["nonsense", "20200101T000000Z-00000000"])
def test_a_pointer_to_nothing_changes_nothing(store: Store, pointer: str, capfd: pytest.CaptureFixture[str]) -> None:
    served_model, first = ServedModel(store, LiveItems(None)), store.current()
    served_model.refresh()
    (store.root / "current").write_text(pointer)
    assert [serving(served_model) for _ in range(3)] == [first] * 3
    assert events(capfd) == [("model_served", first), ("model_refused", "current")]


def test_at_a_start_the_last_good_version_stands_in_for_a_bad_one(store: Store) -> None:
    first, second, third = store.current(), publish_again(store, 1), publish_again(store, 2)
    corrupt(store, third)
    served_model = ServedModel(store, LiveItems(None))
    assert serving(served_model) == second
    assert serving(served_model) == second
    store.rollback(to=first)
    assert serving(served_model) == first


def test_a_repaired_version_is_taken_up_when_it_is_published_again(store: Store) -> None:
    served_model, first = ServedModel(store, LiveItems(None)), store.current()
    served_model.refresh()
    second = publish_again(store, 1)
    sound = (store.path(second) / "users.factors.npy").read_bytes()
    corrupt(store, second)
    assert serving(served_model) == first
    store.rollback(to=first)
    served_model.refresh()
    (store.path(second) / "users.factors.npy").write_bytes(sound)
    store.rollback(to=second)
    assert serving(served_model) == second


def test_the_old_version_goes_when_its_last_request_ends(store: Store) -> None:
    served_model = ServedModel(store, LiveItems(None))
    served_model.refresh()
    request = served_model.served
    old = weakref.ref(request.model)
    publish_again(store, 1)
    served_model.refresh()
    assert old() is request.model
    del request
    assert old() is None


def test_a_start_does_not_wait_for_ever_for_a_version_to_be_verified(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_model, "START_SECONDS", 0.01)
    served_model = ServedModel(store, LiveItems(None))
    with Receipts(store.root / "verified").taking_turns():
        served_model.start()
        with pytest.raises(NoModelError):
            _ = served_model.served
    wait_for(lambda: _serves(served_model))
    served_model.stop()


def _serves(served_model: ServedModel) -> bool:
    try:
        return served_model.served is not None
    except NoModelError:
        return False


def test_a_start_opens_what_is_published(store: Store) -> None:
    served_model = ServedModel(store, LiveItems(None))
    served_model.start()
    assert served_model.served.model.version == store.current()
    served_model.stop()


def test_workers_that_were_told_the_same_in_other_portions_have_the_same_tag(tiny_store: Store, tmp_path: Path) -> None:
    model = open_model(tiny_store.current_path())
    with opened(f"sqlite:///{tmp_path / 'live.db'}") as live:
        at_once, bit_by_bit = LiveItems(live), LiveItems(live)
        tags = {overlay.use(model, overlay.read(model)).tag for overlay in (at_once, bit_by_bit)}
        assert tags == {model.version}
        happenings: list[Callable[[], object]] = [
            lambda: live.put_items([ItemUpdate("I001", {"price": 3.0})]),
            lambda: live.insert([event(1, "view")]),
            lambda: live.insert([event(2, "purchase")]),
            lambda: live.insert([event(3, "view")]),
        ]
        for happens in happenings:
            happens()
            bit_by_bit.follow(live.watermark())
            tags.add(tag_of(bit_by_bit))
        at_once.follow(live.watermark())
        assert tag_of(at_once) == tag_of(bit_by_bit)
        assert len(tags) == 3, "a look changes no answer about items"


def tag_of(overlay: LiveItems) -> str:
    overlaid = overlay.overlaid
    assert overlaid is not None
    return overlaid.tag
