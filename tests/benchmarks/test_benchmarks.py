"""The benchmarks measure what they say they do. No figure is judged here."""

import json
import mmap
import os
import platform
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from artifacts.live.activity import NO_ACTIVITY
from artifacts.model.arrays import save_arrays
from artifacts.model.categories import as_categories
from artifacts.model.ids import encode_ids
from artifacts.model.model import Model, open_model
from artifacts.model.quickscorer import MAX_LEAVES, no_forest
from artifacts.publishing.store import Store
from artifacts.queries.query import Query
from artifacts.queries.recommend import recommend
from benchmarks import company, kinds, live, load, memory, online, stages, start, training_cost
from benchmarks.__main__ import main
from benchmarks.footprint import drop_from_page_cache, maps, proportional_set
from benchmarks.load import put_load
from benchmarks.online import SERVICE
from benchmarks.part import Bench, BenchError
from benchmarks.peers import FAISS_SERVICE, PEER_FILE, TUTORIAL, save_peers
from benchmarks.results import save
from benchmarks.server import Server, serving, wait_until_answered
from benchmarks.slow_clients import slow_clients
from benchmarks.stores import find_store, link_files, provenance, without_ranker
from benchmarks.table import Row, Target, at_least, at_most, render
from benchmarks.workload import ITEMS, Reply, Request, Workload, check, count_short, user_target
from tests.support.gunicorn_service import Service, wait_for
from tests.support.live_events import opened
from tests.support.missing import without
from tests.support.served import served_picks

PLAIN = Workload("plain", [Request(user_target(f"u{number}")) for number in range(20)])


@pytest.fixture
def wrk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loads as short as wrk can. Without wrk installed: skipped, but a failure where CI is set."""
    if shutil.which("wrk") is None:
        without("wrk is not installed (Debian: apt-get install wrk)")
    monkeypatch.setattr(load, "SECONDS", 1)


@pytest.fixture
def server(service: Service) -> Server:
    return Server(service.port, service.pid, started=0.0)


@pytest.fixture
def model(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


@pytest.fixture
def bench(tiny_store: Store, tmp_path: Path) -> Bench:
    return Bench(rounds=1, directory=tmp_path, store=tiny_store.root)


# Rows and the table


def test_figures_are_ratios_of_the_same_round() -> None:
    assert Row("p", "S", "n", "ms", (1.0, 6.0), (2.0, 3.0)).figures == (0.5, 2.0)
    assert Row("p", "S", "n", "ms", (1.0, 6.0)).figures == (1.0, 6.0)


def cells(row: Row) -> list[str]:
    return [cell.strip() for cell in render([row]).splitlines()[2].strip("|").split("|")]


def test_a_line_of_the_table() -> None:
    row = Row("online", "S", "plain", "ms", (3.0, 1.0, 10.0), (2.0, 2.0, 2.0), at_most(1.5))
    assert cells(row) == ["online", "S", "plain", "0.500", "1.50", "5.00", "<= 1.5", "met", "3.00 ms", "2.00 ms"]


@pytest.mark.parametrize(
    ("target", "verdict"),
    [(at_most(1.0), "met"), (at_most(0.9), "MISSED"), (at_least(1.0), "met"), (at_least(1.1), "MISSED"), (None, "")],
)
def test_a_target_is_of_the_median(target: Target | None, verdict: str) -> None:
    assert cells(Row("p", "S", "n", "s", (0.1, 1.0, 9.0), target=target))[7] == verdict


def test_results_of_several_parts_are_one_table(tmp_path: Path) -> None:
    shop = {"source": "a shop", "users": 1000, "items": 2, "interactions": 3, "factors": 4}
    save(tmp_path, [Row("online", "S", "slow", "ms", (2.0,), (1.0,), at_most(1))], "0123", shop)
    save(tmp_path, [Row("training", "M", "long", "s", (7.0,))], None, None)
    save(tmp_path, [Row("online", "S", "fast", "ms", (1.0,), (1.0,), at_most(1))], "4567", shop)
    table = (tmp_path / "table.md").read_text()
    assert "fast" in table
    assert "long" in table
    assert "slow" not in table
    assert "commit 4567; a shop: 1,000 users" in table
    assert platform.python_version() in table
    (saved,) = json.loads((tmp_path / "online-S.json").read_text())["rows"]
    assert saved["values"] == [1.0]


# What is asked


def test_every_answer_is_checked(server: Server) -> None:
    reply = check(server, PLAIN)
    assert len(json.loads(reply.body)["items"]) == ITEMS
    short = Workload("short", [*PLAIN.requests, Request(user_target("u3", "?limit=9"))])
    with pytest.raises(BenchError, match=r"u3/recommendations\?limit=9 .* 200 with 9 items, not 10"):
        check(server, short)
    assert count_short(server, short) == 1
    with pytest.raises(BenchError, match="400"):
        check(server, Workload("bad", [Request("/v1/recommendations", "{}")]))


def test_kinds_of_requests_have_full_answers(server: Server, model: Model) -> None:
    asked = list(kinds.variants(model, np.random.default_rng(0)))
    assert [workload.name for workload in asked[1:]] == ["recent_items", "basket", "explain"]
    for workload in asked:
        check(server, Workload(workload.name, workload.requests[:30]))


def shop_of(model: Model, category: list[int], price: list[float]) -> Model:
    """The model with another catalogue: what filters look at, and two categories to name."""
    catalogue = replace(
        model.catalogue,
        categories=as_categories(encode_ids(["large", "small"])),
        category=np.array(category, np.int32),
        price=np.array(price, np.float32),
        available=np.ones(len(category), np.bool_),
    )
    return replace(model, catalogue=catalogue)


def test_a_filter_leaves_few_items(model: Model) -> None:
    prices = [float(item) for item in range(3000)]
    found = kinds.find_narrowing(shop_of(model, [0] * 2970 + [1] * 30, prices))
    assert found is not None
    assert (found.query, found.mask.sum(), found.name) == ("?category=small", 30, "filter that leaves 1.0%")
    found = kinds.find_narrowing(shop_of(model, [-1] * 3000, prices))
    assert found is not None
    assert (found.query, found.mask.sum()) == ("?min_price=0.0&max_price=29.0", 30)
    assert kinds.find_narrowing(shop_of(model, [0] * 3000, [np.nan] * 3000)) is None


def test_users_without_enough_left_are_not_asked_for(model: Model) -> None:
    mask = np.zeros(len(model.item_ids), np.bool_)
    mask[model.history.items[model.history.row(0)][:1]] = True
    assert kinds.of_users("few", model, np.random.default_rng(0), kinds.Narrowing("", mask)).requests == []
    mask[:] = True
    asked = kinds.of_users("all", model, np.random.default_rng(0), kinds.Narrowing("", mask)).requests
    assert {request.target for request in asked} == {
        user_target(model.user_ids[user]) for user in range(len(model.user_ids))
    }


# Load


@pytest.fixture
def seen() -> Iterator[tuple[int, set[tuple[str, str, bytes]]]]:
    """A server that notes what it is asked for: its port, and method, target and body of each."""
    requests: set[tuple[str, str, bytes]] = set()

    class Noting(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            requests.add((self.command, self.path, self.rfile.read(int(self.headers.get("Content-Length", 0)))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Noting) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        yield listening.server_port, requests
        listening.shutdown()


@pytest.mark.usefixtures("wrk")
def test_load_asks_for_everything(seen: tuple[int, set[tuple[str, str, bytes]]], tmp_path: Path) -> None:
    port, noted = seen
    asked = [*PLAIN.requests, Request("/v1/recommendations", '{"recent_items": ["ä, \\"1\\""]}')]
    found = put_load(port, Workload("some", asked).save(tmp_path), connections=2)
    assert noted == {(request.method, request.target, request.body.encode()) for request in asked}
    assert 0 < found.median <= found.p99
    assert found.throughput > 0


@pytest.mark.usefixtures("wrk")
def test_a_failed_request_fails_the_load(server: Server, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="requests failed"):
        put_load(server.port, Workload("lost", [Request("/nowhere")]).save(tmp_path), connections=1)


def test_a_missing_wrk_is_named(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchError, match="apt-get install wrk"):
        put_load(server.port, PLAIN.save(tmp_path), connections=1)


# Parts


@pytest.mark.usefixtures("wrk")
@pytest.mark.slow
def test_online_rows(bench: Bench, model: Model, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "METRICS", {1: ("median", "p99")})
    shop = online.Shop("S", Store(bench.directory), find_store(bench, "S"), model, 1, bench.directory)
    median, p99 = online._beside_the_floor(shop, {SERVICE: server}, PLAIN)
    assert median.name == "plain, 1 connection: median, service / floor"
    assert median.target == at_most(1.5)
    assert len(median.values) == len(median.against) == 1
    assert p99.values[0] >= median.values[0]


@pytest.mark.usefixtures("wrk")
@pytest.mark.slow
def test_a_live_store_beside_none(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, set[bool]] = {}

    def note(server: Server, workload: Workload) -> Reply:
        (path,) = bench.directory.glob("live-*/live.db")
        with opened(f"sqlite:///{path}") as store:
            told = [store.activity(request.target.split("/")[3], None, 0) for request in workload.requests]
        asked[workload.name] = {told_of != NO_ACTIVITY for told_of in told}
        return check(server, workload)

    monkeypatch.setattr(live, "check", note)
    quiet, busy = live.measure(bench, "S")
    assert asked == {"users without news": {False}, "users with news": {True}}
    assert quiet.name == "users without news, 1 connection: median, with a live store / without"
    assert busy.name == "users with news, 1 connection: median, with a live store / without"
    assert (quiet.target, busy.target) == (at_most(1.15), None)
    assert all(value > 0 for row in (quiet, busy) for value in (*row.values, *row.against))


def test_many_connections_beside_slow_clients(bench: Bench, wrk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(company, "SECONDS", 2)
    monkeypatch.setattr(company, "CONNECTIONS", (8, 64))
    monkeypatch.setattr(company, "check", lambda *_: None)
    few, many = company.measure(bench, "S")
    assert "8 connections" in few.name
    assert "64 connections" in many.name
    assert min(*few.values, *few.against, *many.values, *many.against) > 0


def test_slow_clients_stay_slow_and_come_again(server: Server, service: Service) -> None:
    with slow_clients(server.port, 8):
        wait_for(lambda: connected(service) >= 8)
        assert service.get("/v1/popular").status == 200
    wait_for(lambda: connected(service) < 8)


def connected(service: Service) -> int:
    return int(float(re.findall(r"^aisle_connections (\S+)$", service.get("/metrics").body.decode(), re.MULTILINE)[0]))


def test_the_live_store_holds_news_of_those_it_is_said_to(model: Model, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/live.db"
    workload = live._with_news(url, model, np.random.default_rng(0))
    with opened(url) as store:
        told = store.activity("u1", None, 0)
        assert (len(told.orders), len(told.looks)) == (live.PURCHASES, live.VIEWS)
        assert store.watermark() == len({request.target for request in workload.requests}) * (
            live.PURCHASES + live.VIEWS
        )


def test_the_floor_answers_as_much(bench: Bench, model: Model, server: Server) -> None:
    reply = check(server, PLAIN)
    store = find_store(bench, "S")
    shop = online.Shop("S", store, store, model, 1, bench.directory)
    with online._floor(shop, reply) as floor:
        wait_until_answered(floor, user_target("any"))
        answered = check(floor, Workload("floor", [*PLAIN.requests, Request("/v1/cross-sell", '{"items": ["a"]}')]))
    assert answered.body == reply.body
    assert sorted(name for name, _ in answered.headers) == sorted(name for name, _ in reply.headers)


@pytest.mark.parametrize("app", [TUTORIAL, FAISS_SERVICE])
def test_peers_answer(app: str, model: Model, tiny_store: Store, tmp_path: Path) -> None:
    save_peers(model, tmp_path / "peers")
    settings = {PEER_FILE: str(tmp_path / "peers"), "WORKERS": "1"}
    with serving(app, tiny_store.root, tmp_path / "logs", **settings) as peer:
        wait_until_answered(peer, user_target("u0"))
        answer = json.loads(check(peer, PLAIN).body)
        dear = count_short(peer, Workload("dear", [Request(user_target("u0", "?category=even&max_price=4"))]))
        assert dear == (1 if app == FAISS_SERVICE else 0)  # the other one knows no filters
    assert answer["items"][0]["score"] >= answer["items"][-1]["score"]


def test_stages_add_up(tiny_store: Store) -> None:
    found = stages._steps(tiny_store, rounds=1)
    found["request"] = [1e6]
    assert sum(stages.own(name, found)[0] for name in stages.NAMES) == pytest.approx(1e6)
    assert all(microseconds > 0 for (microseconds,) in found.values())


def test_memory_of_files_that_are_mapped(tmp_path: Path) -> None:
    size = 20 * 10**6
    (tmp_path / "pages").write_bytes(b"x" * size)
    assert not maps(os.getpid(), tmp_path)
    with (tmp_path / "pages").open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as pages:
        before = proportional_set([os.getpid()])
        assert sum(pages[start] for start in range(0, size, mmap.PAGESIZE)) > 0
        assert maps(os.getpid(), tmp_path)
        assert proportional_set([os.getpid()]) - before == pytest.approx(20, abs=2)


def test_dropped_files_are_not_in_memory(tmp_path: Path) -> None:
    (tmp_path / "pages").write_bytes(b"x" * 10**6)
    for _ in range(100):  # a page that another CPU is about to list stays once
        drop_from_page_cache(tmp_path)
        with (tmp_path / "pages").open("rb") as file:
            try:
                os.preadv(file.fileno(), [bytearray(1)], 0, os.RWF_NOWAIT)
            except BlockingIOError:
                return
    pytest.fail("the file is still in memory")


@pytest.mark.usefixtures("wrk")
@pytest.mark.slow
def test_reload_rows(bench: Bench, tmp_path: Path) -> None:
    peak, after, both = memory._reloads(bench, "S", find_store(bench, "S"), PLAIN, tmp_path)
    assert all(most >= least for most, least in zip(peak.values, peak.against, strict=True))
    assert after.against == peak.against
    assert len(both.values) == bench.rounds


@pytest.mark.slow
def test_further_workers_share_what_the_first_has(bench: Bench, tmp_path: Path) -> None:
    first, second, third = memory._workers(bench, "L", find_store(bench, "S"), PLAIN, tmp_path)
    assert 0 < second.values[0] < first.values[0]
    assert 0 < third.values[0] < first.values[0]
    assert second.target == third.target == at_most(60)


@pytest.mark.slow
def test_start_comes_before_the_answer(tiny_store: Store, tmp_path: Path) -> None:
    began = time.perf_counter()
    ready, answered = start._start(tiny_store, Workload("first", PLAIN.requests[:1]), tmp_path)
    assert 0 < ready < answered < time.perf_counter() - began


def test_without_its_ranker_a_version_answers_by_the_blend(tiny_store: Store, model: Model, tmp_path: Path) -> None:
    assert without_ranker(tiny_store, tmp_path / "copy") == tiny_store
    ranked = Store(tmp_path / "ranked")
    one_tree = replace(no_forest(), masks=np.empty((0, 1), np.uint32), leaves=np.ones((1, MAX_LEAVES), np.float32))
    with ranked.draft() as draft:
        link_files(tiny_store.current_path(), draft, except_for=("forest.", "items.masks."))
        save_arrays(draft, "forest", one_tree)
        np.save(draft / "items.masks.npy", np.zeros((len(model.item_ids), 1), np.uint32))
        ranked.publish(draft, provenance(tiny_store.current_path()))
    assert len(open_model(ranked.current_path()).forest) == 1
    plain = open_model(without_ranker(ranked, tmp_path / "plain").current_path())
    assert len(plain.forest) == 0
    asked = Query(user_id="u1")
    assert served_picks(recommend(plain, asked)) == served_picks(recommend(model, asked))


# The command


def test_command(tiny_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--part", "answer", "--size", "S", "--rounds", "2", "--directory", str(tmp_path / "kept")]
    assert main([*options, "--store", str(tiny_store.root), "--results", str(tmp_path)]) == 0
    assert "processor time of an answer" in capsys.readouterr().out
    assert "60 users" in (tmp_path / "table.md").read_text()
    assert main([*options, "--store", str(tmp_path / "none"), "--results", str(tmp_path)]) == 2
    assert "bench: answer S: " in capsys.readouterr().err


@pytest.mark.slow
def test_implicit_is_timed_on_the_matrix_that_the_version_was_fitted_on(tiny_store: Store) -> None:
    model = open_model(tiny_store.current_path())
    matrix = training_cost.read_matrix(tiny_store.current_path())
    assert matrix.shape == (len(model.user_ids), len(model.item_ids))
    first = model.history.of(0)
    assert matrix[0].indices.tolist() == first.items.tolist()
    assert matrix[0].data.tolist() == first.strength.tolist()
    assert training_cost.fit_seconds(tiny_store.root) > 0
