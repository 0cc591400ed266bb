"""The HTTP API's page against the service: requests, parameters, limits, answers."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise

import orjson

from artifacts.queries.query import Fallback, Source
from artifacts.shared_limits import MAX_ID_CHARACTERS, MAX_LIMIT, MAX_OFFSET
from service import limits
from service.api.root import API_VERSION
from service.api.routes import ROUTES
from service.app import create_app
from service.http.keys import Scope
from service.limits import MAX_BATCH_USERS
from service.recommendations.schemas import Personal
from service.settings import read_settings
from tests.support.documents import Curl, code, curls, first_codes, page, rows
from tests.support.gunicorn_service import Reply, Service, wait_for
from tests.support.paths import ROOT

API = page("http-api").text
CURL_OPTIONS = ("-X", "-d", "--data-binary")
SHELL_TIME = "$(date -u +%FT%TZ)"
MIB = 1024 * 1024


def test_requests() -> None:
    documented = first_codes(API, "request")
    assert len(documented) == len(set(documented))
    app = create_app(read_settings({}))
    served = {
        f"{method} {rule.rule.replace('<', '{').replace('>', '}').rstrip('/') or '/'}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if "path:" not in rule.rule and not rule.rule.startswith("/docs/dist")
    }
    assert {f"{route.method} {route.path}" for route in ROUTES} <= served
    assert set(documented) == served


def test_version() -> None:
    assert f"The API's version is {API_VERSION};" in API
    assert f"Version {API_VERSION}: " in (ROOT / "CHANGELOG.md").read_text()


def test_parameters() -> None:
    assert set(first_codes(API, "parameter")) == Personal.model_fields.keys()
    for names, default, _ in rows(API, "parameter"):
        for name in code(names):
            value = Personal.model_fields[name].default
            shown = [] if value in (None, []) else [orjson.dumps(value).decode().strip('"')]
            assert code(default) == shown, name
    assert f"at most {MAX_LIMIT};" in API
    assert f"up to {MAX_BATCH_USERS:,} users" in API


def test_limits() -> None:
    said = [[int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", most)] for _, most in rows(API, "what")]
    bodies = (
        limits.MAX_BODY_BYTES,
        limits.MAX_EVENTS_BODY_BYTES,
        limits.MAX_BATCH_BODY_BYTES,
        limits.MAX_ITEMS_BODY_BYTES,
    )
    assert said == [
        [MAX_LIMIT],
        [limits.MAX_RECENT_ITEMS, limits.MAX_BASKET_ITEMS],
        [limits.MAX_RANKED_ITEMS],
        [MAX_OFFSET],
        [limits.MAX_BATCH_USERS],
        [limits.MAX_EXCLUDED_IN_URL, limits.MAX_EXCLUDED_IN_BODY],
        [limits.MAX_CATEGORIES],
        [limits.MAX_EVENTS],
        [limits.MAX_JSON_PARTS, limits.MAX_LONG_JSON_PARTS, limits.MAX_LINE_PARTS],
        [size // MIB for size in bodies],
        [limits.MAX_LINE_BYTES // 1024],
        [limits.MAX_URL_BYTES],
        [limits.HEAD_SECONDS, limits.BODY_SECONDS, limits.SLOWEST_BYTES_A_SECOND // 1024, limits.MAX_BODY_SECONDS],
    ]
    assert f"at most {MAX_ID_CHARACTERS} characters" in API


def test_sources_and_fallbacks() -> None:
    documented = {(code(field)[0], code(value)[0]) for field, value, _ in rows(API, "field")}
    fallbacks = {("fallback", str(value)) for value in (*Fallback, "null")}
    assert documented == {("source", str(value)) for value in Source} | fallbacks


def test_the_glossary_has_every_source_and_fallback() -> None:
    meanings = {code(word)[0]: code(means) for word, means in rows(page("glossary").text, "word") if code(word)}
    asked = page("glossary").section("## How it is asked")
    meanings |= {code(word)[0]: code(means) for word, means in rows(asked, "word") if code(word)}
    assert set(meanings["source"]) == {str(value) for value in Source}
    assert set(meanings["fallback"]) == {str(value) for value in Fallback}


def test_scopes() -> None:
    table = rows(page("operations").section("## API keys"), "scope")
    assert [code(row[0])[0] for row in table] == [str(scope) for scope in Scope]
    for scope, requests in ((code(row[0])[0], code(row[1])) for row in table):
        routes = {f"{route.method} {route.path}" for route in ROUTES if route.scope == scope}
        metrics = {"GET /metrics"} if scope == Scope.ADMIN else set()
        assert not requests or set(requests) == routes | metrics


def ask(service: Service, curl: Curl) -> Reply:
    options = {
        option: curl.arguments[curl.arguments.index(option) + 1] for option in CURL_OPTIONS if option in curl.arguments
    }
    body = options.get("-d", options.get("--data-binary", "")).replace(SHELL_TIME, datetime.now(UTC).isoformat())
    method = options.get("-X", "POST" if body else "GET")
    headers = [following for option, following in pairwise(curl.arguments) if option == "-H"]
    sent = dict(header.split(": ", 1) for header in headers)
    path = re.sub(r"^http://127\.0\.0\.1:[89]000", "", curl.url)
    assert path.startswith("/")
    return service.ask(method, path, body.encode() or None, sent)


def test_answers_have_the_shape_shown(service: Service) -> None:
    """The tiny shop knows hardly any of the ids, which changes the items of an answer and not its shape."""
    asked = list(curls())
    assert len(asked) >= len(ROUTES)
    assert_shapes(service, asked)


def assert_shapes(service: Service, asked: Iterable[Curl]) -> None:
    """Each request is answered as its page shows: the same bad fields, or all the members that are shown."""
    item = "/v1/items/CM-1001"  # which is asked for by itself
    put = dict.fromkeys(("title", "category", "image_url", "product_url"), "Coffee machines")
    assert service.ask("PUT", item, {**put, "price": 148.99}).status == 200
    wait_for(lambda: service.get(item).status == 200)
    for curl in asked:
        reply, shown = ask(service, curl), curl.answer.text
        if '"status": 400' in shown:
            assert reply.status == 400
            answered, wanted = reply.json, json.loads(shown)
            assert [error["field"] for error in answered["errors"]] == [error["field"] for error in wanted["errors"]]
        else:
            assert reply.status in {200, 202}, (curl, reply.body)
        for answer, example in zip(reply.body.splitlines(), lines_of(shown), strict=True):
            assert json.loads(example).keys() <= json.loads(answer).keys(), curl


def lines_of(shown: str) -> list[str]:
    """An answer shown over several lines is one; lines that are each an answer are many."""
    try:
        json.loads(shown)
    except json.JSONDecodeError:
        return shown.splitlines()
    return [shown]


def test_every_v1_request_has_an_example() -> None:
    asked = [curl.url for curl in curls()]
    for route in ROUTES:
        pattern = re.sub(r"\\{\w+\\}", "[^/?]+", re.escape(route.path)) + r"(\?|$)"
        if route.name != "model_report":
            assert any(re.search(f"8000{pattern}", url) for url in asked), route.path
