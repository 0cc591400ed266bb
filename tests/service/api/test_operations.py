from pathlib import Path

import pytest

from artifacts.publishing.store import Store
from tests.support.gunicorn_service import running
from tests.support.versions import copy_of, publish_again

pytestmark = pytest.mark.integration

PAGE = b"<!doctype html><title>Report</title>"


def test_the_report_published_with_a_version_is_served(tiny_store: Store, tmp_path: Path) -> None:
    store = copy_of(tiny_store, tmp_path / "store")
    version = publish_again(store, 1, {"report.html": PAGE})
    with running(store.root, tmp_path) as service:
        reply = service.get("/v1/model/report")
        again = service.get("/v1/model/report", {"If-None-Match": reply.headers["ETag"]})
    assert (reply.status, reply.body) == (200, PAGE)
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.headers["ETag"] == f'W/"{version}"'
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert again.status == 304


def test_a_version_may_have_been_published_without_one(tiny_store: Store, tmp_path: Path) -> None:
    store = copy_of(tiny_store, tmp_path / "store")
    publish_again(store, 1)
    with running(store.root, tmp_path) as service:
        reply = service.get("/v1/model/report")
    assert reply.status == 404
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.json["detail"] == "the served version was published without a report"
