"""With keys, a browser is shown how to get in, and a program is answered a problem."""

import os
import re
import subprocess
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from http import HTTPStatus
from pathlib import Path

import pytest

from artifacts.publishing.store import Store
from service.http.access_page import access_page
from service.http.keys import Scope, create_key
from tests.support.gunicorn_service import Reply, Service, running

pytestmark = pytest.mark.integration

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
PROGRAMS = [
    None,
    "*/*",
    "application/json",
    "application/problem+json",
    "application/json, text/html;q=0.9",
    "text/html;q=0",
    "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "nonsense",
]
OPENED_BY_A_BROWSER = [
    ("/v1/model/report", Scope.ADMIN),
    ("/v1/model", Scope.ADMIN),
    ("/metrics", Scope.ADMIN),
    ("/v1/popular", Scope.READ),
    ("/v1/users/u1/data", Scope.WRITE),
]


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys.json"


@pytest.fixture(scope="module")
def key(keys_file: Path) -> str:
    """A key that may read, and no more."""
    return create_key(keys_file, "shop", frozenset({Scope.READ}))


@pytest.fixture(scope="module")
def closed(tiny_store: Store, tmp_path_factory: pytest.TempPathFactory, keys_file: Path, key: str) -> Iterator[Service]:
    """The service with keys."""
    with running(tiny_store.root, tmp_path_factory.mktemp("closed"), API_KEYS_FILE=str(keys_file)) as service:
        yield service


def page_of(reply: Reply) -> str:
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert reply.headers["Vary"] == "Accept"
    assert reply.headers["Cache-Control"] == "no-store"
    return reply.body.decode()


@pytest.mark.parametrize(("target", "scope"), OPENED_BY_A_BROWSER)
def test_a_browser_is_told_which_scope_is_needed(closed: Service, target: str, scope: Scope) -> None:
    reply = closed.get(target, {"Accept": BROWSER})
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer")
    page = page_of(reply)
    assert "<h1>An API key is needed</h1>" in page
    assert f"the scope <code>{scope}</code>" in page
    assert f"python -m service keys create --name NAME --scope {scope}" in page
    assert "take the address that the browser shows" in page
    assert reply.headers["X-Request-ID"] in page


def test_a_browser_with_the_wrong_key_is_told_so(closed: Service, key: str) -> None:
    reply = closed.get("/v1/model/report", {"Accept": BROWSER, "Authorization": f"Bearer {key}"})
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (403, 'Bearer error="insufficient_scope"')
    assert "This API key has no scope admin." in page_of(reply)


@pytest.mark.parametrize("accept", PROGRAMS)
def test_a_program_is_answered_a_problem(closed: Service, accept: str | None) -> None:
    reply = closed.get("/v1/model/report", {"Accept": accept} if accept else {})
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.headers["Vary"] == "Accept"
    assert reply.json["detail"] == "an API key is needed: Authorization: Bearer <key>"


def test_only_what_a_browser_opens_has_a_page(closed: Service) -> None:
    reply = closed.ask("POST", "/v1/rank", {"user_id": "u1", "items": ["I000"]}, {"Accept": BROWSER})
    assert (reply.status, reply.headers["Content-Type"]) == (401, "application/problem+json")


def test_the_command_on_the_page_works_as_it_stands(closed: Service, key: str) -> None:
    target = "/v1/users/o'neill%20%26%20%22sons%22/recommendations?limit=1&explain=true"
    page = page_of(closed.get(target, {"Accept": BROWSER}))
    (command,) = re.findall("<pre><code>(curl .*)</code></pre>", page)
    with_status = f"{unescape(command)} -sS -o /dev/null -w '%{{http_code}}'"
    environ = {"PATH": os.environ["PATH"], "KEY": key}
    done = subprocess.run(["sh", "-c", with_status], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "200"


def test_the_page_loads_nothing_and_nothing_gets_into_it(closed: Service) -> None:
    target = "/v1/users/%3Cscript%3E/recommendations?limit=<script>alert(1)</script>&q=\"'"
    headers = {"Accept": BROWSER, "Host": '"><img src=x>'}
    page = page_of(closed.get(target, headers))
    elements: list[str] = []
    links: list[str | None] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            elements.append(tag)
            links.extend(value for name, value in attrs if name in {"href", "src"})

    Reader().feed(page)
    assert not {"script", "img", "link", "iframe", "form"} & set(elements)
    assert links == ["../../../docs/"]
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert "color-scheme: light dark" in page


def test_its_link_leads_to_the_documentation_below_the_path_of_the_service() -> None:
    environ = {"HTTP_HOST": "a", "SCRIPT_NAME": "/recs", "PATH_INFO": "/v1/popular", "wsgi.url_scheme": "http"}
    page = access_page(HTTPStatus.UNAUTHORIZED, "an API key is needed", "read", "r1", environ)
    assert 'href="../docs/"' in page
