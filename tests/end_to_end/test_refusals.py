"""Whatever a client sends is answered with a problem that names it, and never with a 5xx."""

import json
import os
import socket
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from artifacts.shared_limits import MAX_ID_CHARACTERS
from service import limits
from tests.support.gunicorn_service import DEADLINE_SECONDS, Reply, Service, ask

PROBLEM = "application/problem+json"


def problem_of(reply: Reply, status: int) -> dict[str, Any]:
    assert reply.status == status
    assert reply.headers["Content-Type"] == PROBLEM
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    problem: dict[str, Any] = reply.json
    assert problem["status"] == status
    assert problem["request_id"] == reply.headers["X-Request-ID"]
    return problem


def fields_of(reply: Reply) -> set[str]:
    return {error["field"] for error in problem_of(reply, 400)["errors"]}


def test_all_bad_fields_of_a_url_are_named_at_once(service: Service) -> None:
    reply = service.get(
        "/v1/users/%FF/recommendations?limit=0&exclude=&exclude=%00&min_price=9&max_price=-1&in_stock=yes"
        "&repeat=never&explain=&nonsense=1",
        {"X-Request-ID": "mine"},
    )
    problem = problem_of(reply, 400)
    errors = problem.pop("errors")
    assert problem == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "9 problems in the request: user_id, nonsense, explain, limit, max_price, in_stock, "
        "exclude[0], exclude[1], repeat",
        "request_id": "mine",
    }
    assert sorted(errors, key=lambda error: error["field"]) == [
        {"field": "exclude[0]", "message": "String should have at least 1 character", "value": ""},
        {"field": "exclude[1]", "message": "must not hold the NUL character", "value": "\0"},
        {"field": "explain", "message": "Input should be a valid boolean", "value": ""},
        {"field": "in_stock", "message": "Input should be a valid boolean", "value": "yes"},
        {"field": "limit", "message": "Input should be greater than or equal to 1", "value": 0},
        {"field": "max_price", "message": "Input should be greater than or equal to 0", "value": -1.0},
        {"field": "nonsense", "message": "is not a known parameter"},
        {"field": "repeat", "message": "Input should be 'exclude', 'allow' or 'only'", "value": "never"},
        {"field": "user_id", "message": "is not UTF-8, percent-encoded"},
    ]


def test_all_bad_fields_of_a_body_are_named_at_once(service: Service) -> None:
    reply = service.post(
        "/v1/cross-sell?limit=1",
        {"items": ["I000", 1, "", None], "user_id": 5, "limit": 101, "repeat": None, "nonsense": {}},
    )
    assert fields_of(reply) == {"limit", "items[1]", "items[2]", "items[3]", "user_id", "repeat", "nonsense"}


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        ("/v1/popular?limit=1&limit=2", {"limit"}),
        ("/v1/popular?limit=1.5", {"limit"}),
        ("/v1/popular?limit=+1", {"limit"}),
        ("/v1/popular?limit=%D9%A1", {"limit"}),
        ("/v1/popular?limit=" + "9" * 5000, {"limit"}),
        ("/v1/popular?min_price=NaN", {"min_price"}),
        ("/v1/popular?min_price=1e999", {"min_price"}),
        ("/v1/popular?max_price=-1", {"max_price"}),
        ("/v1/popular?min_price=20&max_price=10", {"max_price"}),
        ("/v1/users/u1/recommendations?max_price=10&min_price=10.01", {"max_price"}),
        ("/v1/items/I000/cross-sell?min_price=20&max_price=10", {"max_price"}),
        ("/v1/items/I000/similar?min_price=20&max_price=10", {"max_price"}),
        ("/v1/popular?category=%ED%A0%80", {"category[0]"}),
        ("/v1/popular?%FF=1", {"\\udcff"}),
        ("/v1/popular?" + "&" * 2000, {"query"}),
        ("/v1/popular?item_id=I000", {"item_id"}),
        ("/v1/popular?" + "exclude=a&" * (limits.MAX_EXCLUDED_IN_URL + 1), {"exclude"}),
        ("/v1/items/I000/similar?item_id=I001", {"item_id"}),
        ("/v1/items/%00/similar", {"item_id"}),
        ("/v1/items/" + "a" * (MAX_ID_CHARACTERS + 1) + "/similar", {"item_id"}),
        ("/v1/model?x=1", {"x"}),
    ],
)
def test_bad_urls(service: Service, target: str, fields: set[str]) -> None:
    assert fields_of(service.get(target)) == fields


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", {"body"}),
        (b"{", {"body"}),
        (b"[]", {"body"}),
        (b"null", {"body"}),
        (b"\xff", {"body"}),
        (b'{"user_id": "\\ud800"}', {"body"}),
        (b'{"user_id": "\xed\xa0\x80"}', {"body"}),
        (b'{"recent_items":' + b"[" * 100_000 + b"]" * 100_000 + b"}", {"body"}),
        (b'{"user_id": "a", "limit": NaN}', {"limit"}),
        (b'{"user_id": "a", "min_price": Infinity}', {"min_price"}),
        (b'{"user_id": "a", "min_price": 20, "max_price": 10}', {"max_price"}),
        (b'{"user_id": "a", "limit": ' + b"9" * 4000 + b"}", {"limit"}),
        (b'{"user_id": "a", "limit": 1' + b"0" * 100_000 + b"}", {"body"}),
        (b'{"user_id": "a", "limit": 10.5, "in_stock": 1}', {"limit", "in_stock"}),
        (b"{}", {"recent_items"}),
        (b'{"recent_items": []}', {"recent_items"}),
        (json.dumps({"recent_items": ["a"] * (limits.MAX_RECENT_ITEMS + 1)}).encode(), {"recent_items"}),
        (json.dumps({"user_id": "a", "exclude": ["a"] * 1001}).encode(), {"exclude"}),
    ],
)
def test_bad_bodies(service: Service, body: bytes, fields: set[str]) -> None:
    assert fields_of(service.post("/v1/recommendations", body)) == fields


def test_a_batch_of_too_many_is_refused_whole(service: Service) -> None:
    users = ["u1"] * (limits.MAX_BATCH_USERS + 1)
    assert fields_of(service.post("/v1/batch/recommendations", {"user_ids": users})) == {"user_ids"}


@pytest.mark.parametrize("target", ["/v1/cross-sell", "/v1/batch/recommendations"])
def test_prices_the_wrong_way_round_in_every_body(service: Service, target: str) -> None:
    whom = {"items": ["I000"]} if target == "/v1/cross-sell" else {"user_ids": ["u1"]}
    assert fields_of(service.post(target, {**whom, "min_price": 20, "max_price": 10})) == {"max_price"}


@pytest.mark.parametrize("target", ["/v1/popular?min_price=10&max_price=10", "/v1/popular?min_price=0&max_price=0"])
def test_a_range_of_one_price(service: Service, target: str) -> None:
    assert service.get(target).status == 200


MANY_NAMES = b"{" + b",".join(b'"%d":1' % number for number in range(90_000)) + b"}"


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/v1/recommendations", MANY_NAMES),
        ("POST", "/v1/recommendations", b'{"recent_items":' + b"[" * 500_000 + b"]" * 500_000 + b"}"),
        ("POST", "/v1/recommendations", b'{"recent_items":[' + b"[]," * 300_000 + b"[]]}"),
        ("POST", "/v1/recommendations", b"{" + b'"limit":1,' * 90_000 + b'"limit":1}'),
        ("POST", "/v1/recommendations", b'{"recent_items":["' + b'\\"' * 400_000),
        ("POST", "/v1/cross-sell", b'{"items":[' + b'"",' * 300_000 + b'""]}'),
        ("POST", "/v1/rank", MANY_NAMES),
        ("POST", "/v1/batch/recommendations", b'{"user_ids":[' + b"{}," * 5_000_000 + b"{}]}"),
        ("POST", "/v1/events", MANY_NAMES),
        ("POST", "/v1/events", b'{"events":[' + b"1," * 2_000_000 + b"1]}"),
        ("POST", "/v1/events", b'{"events":[' + MANY_NAMES + b"]}"),
        ("PUT", "/v1/items/I000", MANY_NAMES),
        ("PUT", "/v1/users/u1/preferences", MANY_NAMES),
    ],
)
def test_what_takes_long_to_check_is_not_checked(service: Service, method: str, target: str, body: bytes) -> None:
    before = processor_seconds(service)
    reply = service.ask(method, target, body)
    assert fields_of(reply) == {"body"}
    # Checking them took up to fourteen seconds; most of what is left is the receiving.
    assert processor_seconds(service) - before < 1


def processor_seconds(service: Service) -> float:
    """What its workers have used so far."""
    ticks = 0
    for worker in service.workers():
        fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def test_a_line_that_takes_long_to_check_is_refused_alone(service: Service) -> None:
    body = b'{"item_id": "I000", "title": ","}\n{"item_id": "I001"' + b',"a":1' * 5000 + b"}\n"
    reply = service.ask("PUT", "/v1/items", body, {"Content-Type": "application/x-ndjson"})
    assert (reply.json["accepted"], reply.json["refused"]) == (1, 1)
    message = f"has more than {limits.MAX_LINE_PARTS} names, texts, brackets and commas"
    assert reply.json["errors"] == [{"line": 2, "field": "body", "message": message}]


def test_of_very_many_problems_some_are_named(service: Service) -> None:
    problem = problem_of(service.post("/v1/batch/recommendations", {"user_ids": [0] * 5000}), 400)
    assert len(problem["errors"]) == limits.MAX_PROBLEMS
    assert problem["detail"].startswith("5000 problems")


@pytest.mark.parametrize("headers", [{}, {"Transfer-Encoding": "chunked"}])
def test_a_body_too_large(service: Service, headers: dict[str, str]) -> None:
    connection = HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_SECONDS)
    body = b" " * (limits.MAX_BODY_BYTES + 1)
    sent = iter([body[:500_000], body[500_000:]]) if headers else body
    connection.request(
        "POST", "/v1/rank", sent, {"Content-Type": "application/json", **headers}, encode_chunked=bool(headers)
    )
    response = connection.getresponse()
    problem_of(Reply(response.status, response.headers, response.read()), 413)
    connection.close()


def test_a_chunked_body_is_read(service: Service) -> None:
    connection = HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_SECONDS)
    chunks = iter([b'{"user_id": "u1",', b'"items": ["I000"]}'])
    connection.request("POST", "/v1/rank", chunks, {"Content-Type": "application/json"}, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": ""},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_a_body_of_another_kind(service: Service, headers: dict[str, str]) -> None:
    reply = service.post("/v1/rank", b"{}", headers)
    problem_of(reply, 415)
    assert reply.headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("method", "target", "allowed"),
    [
        ("POST", "/v1/popular", {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/v1/rank", {"POST", "OPTIONS"}),
        ("DELETE", "/v1/users/u1/recommendations", {"GET", "HEAD", "OPTIONS"}),
        ("NONSENSE", "/v1/popular", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_wrong_method(service: Service, method: str, target: str, allowed: set[str]) -> None:
    reply = service.ask(method, target)
    assert problem_of(reply, 405)["detail"] == "the path does not take this method: Allow names those that it does"
    assert set(reply.headers["Allow"].split(", ")) == allowed


def test_options_names_the_methods(service: Service) -> None:
    reply = service.ask("OPTIONS", "/v1/rank")
    assert reply.status == 204
    assert set(reply.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


@pytest.mark.parametrize("target", ["/v1", "/v1/nope", "/v1/users", "/v1/users//recommendations", "/v1/popular/"])
def test_an_unknown_route(service: Service, target: str) -> None:
    assert problem_of(service.get(target), 404)["detail"].startswith("there is no such path: /docs/ has")


@pytest.mark.parametrize(
    ("target", "location"), [("/docs", "./docs/"), ("/docs?a=b%20c", "./docs/?a=b%20c"), ("//evil.example/docs", None)]
)
def test_a_redirect_stays_on_the_host(service: Service, target: str, location: str | None) -> None:
    for headers in ({"Host": "evil.example"}, {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}):
        reply = service.get(target, headers)
        assert reply.headers["Location"] == location
        assert reply.status == (308 if location else 404)
        assert b"evil" not in reply.body


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /v1/popular HTTP/9.9\r\nHost: a\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET http://[/v1/popular HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /v1/popular HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /v1/popular HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", 400),
        (b"GET /v1/popular HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", 417),
        (b"GET /v1/popular HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * limits.MAX_URL_BYTES + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /v1/popular HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: magic\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"GET /nope HTTP/1.1\r\nHost: a\r\nSCRIPT_NAME: /elsewhere\r\n\r\n", 404),
        (b"POST /v1/rank HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{", 400),
        (
            b"POST /v1/rank HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            400,
        ),
    ],
)
def test_what_is_hardly_http(service: Service, raw: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", service.port), DEADLINE_SECONDS) as client:
        client.sendall(raw)
        client.shutdown(socket.SHUT_WR)
        reply = b"".join(iter(lambda: client.recv(65536), b""))
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert f"Content-Type: {PROBLEM}".encode() in head
    assert json.loads(body)["status"] == status


def test_a_refused_body_leaves_the_connection_usable(service: Service) -> None:
    connection = HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_SECONDS)
    assert ask(connection, "POST", "/v1/rank", b"x" * 1000, {"Content-Type": "text/plain"}).status == 415
    assert ask(connection, "GET", "/v1/popular").status == 200
    connection.close()


def test_a_body_that_does_not_come_is_not_waited_for(service: Service) -> None:
    half = b"POST /v1/rank HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    with socket.create_connection(("127.0.0.1", service.port), DEADLINE_SECONDS) as client:
        client.sendall(half)
        reply = HTTPResponse(client)
        reply.begin()
        problem = json.loads(reply.read())
    assert reply.status == problem["status"] == HTTPStatus.REQUEST_TIMEOUT
    assert problem["detail"] == "the body did not come within 5 seconds"
