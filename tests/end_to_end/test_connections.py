"""Clients that are slow, leave things open or come in crowds: nobody else waits for them, and all of them end."""

import json
import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest

from artifacts.publishing.store import Store
from service import limits
from tests.support.gunicorn_service import COMMAND, DEADLINE_SECONDS, Service, ask, refusal, running, wait_for

# Far more than an answer takes on a busy machine, and far less than any of these clients stays.
SOON_SECONDS = 10
FINISHED = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
HALF_A_HEAD = b"GET /v1/popular HTTP/1.1\r\nHost: a\r\n"
JSON_HEAD = b"POST /v1/rank HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
LINES_HEAD = b"PUT /v1/items HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\n%s\r\n"


@pytest.fixture(scope="module")
def narrow(tiny_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of one worker with two threads: two clients that held one each would be all it takes."""
    directory = tmp_path_factory.mktemp("narrow")
    with running(tiny_store.root, directory, THREADS="2", LIVE_URL=f"sqlite:///{directory}/live.db") as service:
        yield service


@contextmanager
def clients(service: Service, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", service.port), DEADLINE_SECONDS))
            for _ in range(count)
        ]


def answered_soon(service: Service) -> None:
    """Requests of others, one after the other, each on a connection of its own, together within a moment."""
    started = monotonic()
    for _ in range(5):
        assert service.get("/v1/popular").status == 200
    assert monotonic() - started < SOON_SECONDS


def metric(service: Service, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", service.get("/metrics").body.decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def status_of(client: socket.socket) -> int:
    """The status of the one answer that a client gets before its connection is closed."""
    reply = b"".join(iter(lambda: client.recv(65536), b""))
    return int(reply[9:12])


@pytest.mark.parametrize("raw", [FINISHED, b"NONSENSE\r\n\r\n"])
def test_nobody_waits_for_clients_that_do_not_close(narrow: Service, raw: bytes) -> None:
    with clients(narrow, 16) as lingering:
        for client in lingering:
            client.sendall(raw)
            assert status_of(client) in {200, 400}
        answered_soon(narrow)
        wait_for(lambda: metric(narrow, "aisle_connections") == 1)  # that of who asks


def test_so_many_linger_and_no_more(narrow: Service) -> None:
    with clients(narrow, limits.MAX_LINGERING + 50) as lingering:
        for client in lingering:
            client.sendall(FINISHED)
        for client in lingering:
            assert status_of(client) == 200
        assert metric(narrow, "aisle_connections") <= limits.MAX_LINGERING + 2


@pytest.mark.parametrize("sent", [b"G", HALF_A_HEAD, JSON_HEAD % 9 + b"{"])
def test_slow_clients_hold_nobody_up_and_are_told_so(narrow: Service, sent: bytes) -> None:
    cut = f'aisle_connections_cut_total{{reason="{"slow_body" if b"POST" in sent else "slow_head"}"}}'
    before = metric(narrow, cut)
    with clients(narrow, 50) as slow:
        for client in slow:
            client.sendall(sent)
        answered_soon(narrow)
        assert [status_of(client) for client in slow] == [408] * 50
        assert metric(narrow, cut) == before + 50
        wait_for(lambda: metric(narrow, "aisle_connections") == 1)


@pytest.mark.parametrize(("begun", "more"), [(HALF_A_HEAD, b"X"), (JSON_HEAD % 200 + b"{", b" ")])
def test_a_byte_now_and_then_is_no_progress(narrow: Service, begun: bytes, more: bytes) -> None:
    """The time is that of the whole: each byte would begin it anew otherwise."""
    with clients(narrow, 1) as (client,):
        client.sendall(begun)
        client.settimeout(0.1)  # seconds between two bytes
        started, reply = monotonic(), b""
        while not reply:
            try:
                reply = client.recv(65536)
            except TimeoutError:
                client.sendall(more)
            assert monotonic() - started < DEADLINE_SECONDS
        assert reply.startswith(b"HTTP/1.1 408 ")


def test_answers_that_nobody_reads_are_not_made(narrow: Service) -> None:
    n_asked = 500
    asked = b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n" * n_asked
    with clients(narrow, 4) as unread:
        for client in unread:
            client.setblocking(False)
            client.send(asked)
        answered_soon(narrow)
        made = metric(narrow, 'aisle_requests_total{method="GET",route="/openapi.json",status="200"}')
        assert made < n_asked


@pytest.mark.slow
def test_who_never_takes_an_answer_is_let_go(narrow: Service) -> None:
    with clients(narrow, 4) as unread:
        for client in unread:
            client.setblocking(False)
            client.send(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n" * 500)
        reason = 'aisle_connections_cut_total{reason="slow_reader"}'
        wait_for(lambda: metric(narrow, reason) == 4)


def test_pipelined_requests_are_answered_in_their_order(narrow: Service) -> None:
    targets = [b"/health/live", b"/v1/popular", b"/v1/nope", b"/v1/popular?limit=1"] * 10
    with clients(narrow, 1) as (client,):
        client.sendall(b"".join(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % target for target in targets))
        client.sendall(FINISHED)
        reply = b"".join(iter(lambda: client.recv(65536), b""))
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", reply)]
    assert statuses == [200, 200, 404, 200] * 10 + [200]


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        (b"Connection: TE, close\r\n", True),
        (b"Connection: keep-alive\r\nConnection: Close\r\n", True),
        (b"Connection: keep-alive, closed\r\n", False),
    ],
)
def test_close_is_found_wherever_a_client_says_it(narrow: Service, said: bytes, ends: bool) -> None:
    with clients(narrow, 1) as (client,):
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n%s\r\n" % said)
        head = client.recv(65536)
        assert (b"\r\nConnection: close\r\n" in head) == ends
        client.sendall(FINISHED)
        assert client.recv(65536).startswith(b"" if ends else b"HTTP/1.1 200 ")


def test_a_request_in_single_bytes(narrow: Service) -> None:
    body = b'{"user_id": "u1", "items": ["I000"]}'
    with clients(narrow, 1) as (client,):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in JSON_HEAD % len(body) + body:
            client.sendall(bytes([byte]))
        reply = HTTPResponse(client)
        reply.begin()
        assert reply.status == 200
        assert json.loads(reply.read())["items"]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (LINES_HEAD % (limits.MAX_ITEMS_BODY_BYTES + 1, b""), 413),
        (LINES_HEAD.replace(b"x-ndjson", b"json") % (60_000_000, b""), 415),
        (LINES_HEAD.replace(b"PUT", b"PATCH") % (60_000_000, b""), 405),
        (LINES_HEAD.replace(b"items", b"nothing") % (60_000_000, b""), 404),
        (JSON_HEAD % (limits.MAX_BODY_BYTES + 1), 413),
    ],
)
def test_a_large_body_is_refused_before_it_is_sent(narrow: Service, head: bytes, status: int) -> None:
    with clients(narrow, 1) as (client,):
        client.sendall(head)
        assert status_of(client) == status


def test_a_large_body_without_a_key_is_refused_before_it_is_sent(tiny_store: Store, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text('{"keys": []}')
    with (
        running(tiny_store.root, tmp_path, API_KEYS_FILE=str(keys)) as service,
        clients(service, 1) as (client,),
    ):
        client.sendall(LINES_HEAD % (60_000_000, b""))
        assert status_of(client) == 401


def test_a_client_that_asks_first_is_told_to_go_on(narrow: Service) -> None:
    body = b'{"item_id": "I000", "price": 5}\n'
    with clients(narrow, 1) as (client,):
        client.sendall(LINES_HEAD % (len(body), b"Expect: 100-continue\r\nX-Request-ID: asked-first\r\n"))
        assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        reply = HTTPResponse(client)
        reply.begin()
        assert json.loads(reply.read())["accepted"] == 1
    logged = wait_for(lambda: [line for line in narrow.lines() if line.get("request_id") == "asked-first"])
    assert [line["status"] for line in logged] == [200]


def test_a_client_that_asks_first_is_told_that_it_need_not(narrow: Service) -> None:
    with clients(narrow, 1) as (client,):
        head = LINES_HEAD.replace(b"x-ndjson", b"json") % (10, b"Expect: 100-continue\r\n")
        client.sendall(head)
        assert status_of(client) == 415


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_lines_that_end_before_their_length_change_nothing(narrow: Service, end: bytes) -> None:
    line = b'{"item_id": "I000", "price": 77}' + end
    with clients(narrow, 1) as (client,):
        client.sendall(LINES_HEAD % (len(line) + 100, b"") + line)
        client.shutdown(socket.SHUT_WR)
        assert status_of(client) == 400
    answer = narrow.get("/v1/popular?limit=100&min_price=76&max_price=78").json
    assert answer["items"] == []


def blank_lines(n_bytes: int) -> bytes:
    """A body that takes long to send and little to read."""
    line = b" " * (limits.MAX_LINE_BYTES - 1) + b"\n"
    return line * (n_bytes // len(line))


def memory(pid: int, field: str) -> int:
    """A process's `VmRSS` or, at its most, `VmHWM`, in bytes."""
    found = re.search(rf"^{field}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return 1024 * int(found[1])


def test_sixteen_large_bodies_at_once_take_little_memory_and_give_it_back(tiny_store: Store, tmp_path: Path) -> None:
    body = b'{"item_id": "I000", "price": 5}\n' + blank_lines(60_000_000)
    answers: list[int] = []

    def put(service: Service) -> None:
        answers.append(service.ask("PUT", "/v1/items", body, {"Content-Type": "application/x-ndjson"}).status)

    with running(tiny_store.root, tmp_path, LIVE_URL=f"sqlite:///{tmp_path}/live.db") as service:
        put(service)
        (worker,) = service.workers()
        before = memory(worker, "VmRSS")
        senders = [Thread(target=put, args=(service,)) for _ in range(16)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert memory(worker, "VmHWM") - before < 60_000_000
        wait_for(lambda: memory(worker, "VmRSS") - before < 30_000_000)
    assert answers == [200] * 17


def test_a_body_without_length_is_kept_in_a_file_also_where_the_client_asked_first(
    tiny_store: Store, tmp_path: Path
) -> None:
    """As curl sends what it reads from a pipe."""
    head = LINES_HEAD.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked") % b"Expect: 100-continue\r\n"
    lines = [b'{"item_id": "I000", "price": 5}\n', *[blank_lines(limits.MAX_LINE_BYTES)] * 1_000]
    with running(tiny_store.root, tmp_path, LIVE_URL=f"sqlite:///{tmp_path}/live.db") as service:
        (worker,) = service.workers()
        before = memory(worker, "VmHWM")
        with clients(service, 1) as (client,):
            client.sendall(head)
            assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            for line in lines:
                client.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            client.sendall(b"0\r\n\r\n")
            reply = HTTPResponse(client)
            reply.begin()
            assert reply.status == 200
        assert memory(worker, "VmHWM") - before < 30_000_000


def test_more_connections_than_descriptors(tiny_store: Store, tmp_path: Path) -> None:
    """The usual limit is 1,024; this is less, so that the test is quick."""
    most = 320
    limited = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (%d, %d)); os.execv(%r, %r)"
    command = (sys.executable, "-c", limited % (most, most, sys.executable, list(COMMAND)))
    with running(tiny_store.root, tmp_path, command=command) as service:
        before = service.workers()
        with clients(service, most) as crowd:
            for client in crowd[:50]:
                client.sendall(FINISHED)
                assert status_of(client) == 200
            # The rest is idle, and more than there is room for: who is idle the longest gives way.
            assert service.get("/v1/popular").status == 200
            assert service.workers() == before
        wait_for(lambda: metric(service, "aisle_connections_full_total") > 0)
        assert "connections_full" in {line.get("event") for line in service.lines()}
        assert "Traceback" not in service.err.read_text()


HANDED_OVER = """
import os, socket, sys
listener = socket.create_server(({host!r}, 0))
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
if {systemd}:
    os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, {command!r})
"""


def handed_over(host: str, *, systemd: bool) -> tuple[str, ...]:
    """A command that runs the service with a socket that is open already, handed over as systemd does or by number."""
    command = [*COMMAND, *([] if systemd else ["--bind", "fd://3"])]
    return (sys.executable, "-c", HANDED_OVER.format(host=host, systemd=systemd, command=command))


@pytest.mark.parametrize("systemd", [True, False])
def test_a_socket_that_was_handed_over_is_not_for_everybody_without_keys(tmp_path: Path, systemd: bool) -> None:
    code, said = refusal(tmp_path, command=handed_over("0.0.0.0", systemd=systemd))
    assert code == 1
    assert "can be reached from other machines and there are no API keys" in said
    assert "Booting worker" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("systemd", [True, False])
def test_a_local_socket_that_was_handed_over_is_served(tiny_store: Store, tmp_path: Path, systemd: bool) -> None:
    with running(tiny_store.root, tmp_path, command=handed_over("127.0.0.1", systemd=systemd)) as service:
        assert service.get("/v1/popular").status == 200


def test_connections_spread_over_the_workers(tiny_store: Store, tmp_path: Path) -> None:
    with running(tiny_store.root, tmp_path, WORKERS="2") as service, ExitStack() as stack:
        wait_for(lambda: metric(service, f'aisle_model_info{{version="{tiny_store.current()}"}}') == 2)
        kept = [HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_SECONDS) for _ in range(8)]
        for connection in kept:
            stack.callback(connection.close)
            assert ask(connection, "GET", "/v1/popular").status == 200
        shares = [sockets_of(pid) for pid in service.workers()]
        assert sum(shares) >= 8
        assert min(shares) >= 3, shares


def sockets_of(pid: int) -> int:
    """How many connections to a service a process has open."""
    found = 0
    established = {line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if " 01 " in line}
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            inode = re.fullmatch(r"socket:\[(\d+)\]", str(path.readlink()))
            found += bool(inode and inode[1] in established)
    return found


def test_a_reload_fails_no_request(tiny_store: Store, tmp_path: Path) -> None:
    stop = Event()
    statuses: list[int] = []

    def keep_asking(service: Service) -> None:
        """On a connection that is kept until an answer says otherwise."""
        connection = HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_SECONDS)
        while not stop.is_set():
            try:
                statuses.append(ask(connection, "GET", "/v1/popular").status)
            except OSError:
                statuses.append(0)
        connection.close()

    with running(tiny_store.root, tmp_path, WORKERS="2") as service:
        askers = [Thread(target=keep_asking, args=(service,)) for _ in range(8)]
        for asker in askers:
            asker.start()
        wait_for(lambda: len(statuses) > 100)
        before = set(service.workers())
        os.kill(service.pid, signal.SIGHUP)
        wait_for(lambda: len(after := set(service.workers())) == 2 and not before & after)
        asked = len(statuses)
        wait_for(lambda: len(statuses) > asked + 100)
        stop.set()
        for asker in askers:
            asker.join()
    # A worker that starts has no model yet for a moment.
    assert set(statuses) <= {200, 503}


def test_who_comes_while_it_stops_is_turned_away_at_once(tiny_store: Store, tmp_path: Path) -> None:
    """And does not wait, connected, for whatever is still under way."""
    with running(tiny_store.root, tmp_path) as service, clients(service, 1) as (slow,):
        body = b'{"user_id": "u1", "items": ["I000"]}'
        slow.sendall(JSON_HEAD % len(body))
        os.kill(service.pid, signal.SIGTERM)

        def refused() -> bool:
            try:
                with clients(service, 1):
                    return False
            except ConnectionRefusedError:
                return True

        wait_for(refused)
        slow.sendall(body)
        assert status_of(slow) == 200  # it was still there


def test_a_master_is_exchanged_for_a_new_one(tiny_store: Store, tmp_path: Path) -> None:
    """SIGUSR2 to the old one, and once the new one answers, SIGTERM."""
    with running(tiny_store.root, tmp_path) as service:
        os.kill(service.pid, signal.SIGUSR2)
        wait_for(lambda: len(re.findall("Listening at", service.err.read_text())) == 2)
        new = wait_for(lambda: [pid for pid in service.workers() if children(pid)])[0]
        try:
            wait_for(lambda: len([line for line in service.lines() if line.get("event") == "model_served"]) == 2)
            os.kill(service.pid, signal.SIGTERM)
            wait_for(lambda: "Master has been promoted" in service.err.read_text())
            assert service.get("/v1/popular").status == 200
        finally:
            os.kill(new, signal.SIGTERM)
            wait_for(lambda: not Path(f"/proc/{new}").exists())


def children(pid: int) -> str:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text()


def test_what_is_under_way_is_answered_before_it_stops(tiny_store: Store, tmp_path: Path) -> None:
    users = ["u1", "u2"] * 400
    batch = json.dumps({"user_ids": users, "limit": 100, "repeat": "allow"}).encode()
    kept = HTTPConnection("127.0.0.1", 0, timeout=DEADLINE_SECONDS)
    with running(tiny_store.root, tmp_path) as service:
        kept.port = service.port
        ask(kept, "GET", "/v1/popular")
        stream = HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_SECONDS)
        stream.request("POST", "/v1/batch/recommendations", batch, {"Content-Type": "application/json"})
        response = stream.getresponse()
        os.kill(service.pid, signal.SIGTERM)
        wait_for(lambda: "Handling signal: term" in service.err.read_text())
        reply = ask(kept, "GET", "/v1/popular")
        assert (reply.status, reply.headers["Connection"]) == (200, "close")
        assert len(response.read().splitlines()) == len(users)
        stream.close()
    kept.close()
