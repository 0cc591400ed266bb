"""Which pages of other origins may read the answers, and OPTIONS of every route, through gunicorn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from artifacts.publishing.store import Store
from service.api.routes import ROUTES
from service.http.keys import Scope, create_key
from service.settings import SettingsError, read_settings
from tests.support.gunicorn_service import Reply, Service, refusal, running

SHOP, OTHER = "https://shop.example", "https://evil.example"
READS = [
    ("GET", "/v1/popular"),
    ("GET", "/v1/items/I001"),
    ("GET", "/v1/items"),
    ("GET", "/v1/users/u1/recommendations"),
    ("POST", "/v1/recommendations"),
    ("POST", "/v1/cross-sell"),
    ("POST", "/v1/rank"),
    ("GET", "/openapi.json"),
    ("GET", "/health/ready"),
    ("GET", "/"),
]
OTHERS = [
    ("POST", "/v1/events"),
    ("PUT", "/v1/items/I001"),
    ("PUT", "/v1/items"),
    ("DELETE", "/v1/users/u1"),
    ("GET", "/v1/users/u1/data"),
    ("POST", "/v1/batch/recommendations"),
    ("GET", "/v1/model"),
    ("GET", "/metrics"),
]
METHODS = {
    "/v1/items/I001": "GET, HEAD, OPTIONS, PUT",
    "/v1/items": "GET, HEAD, OPTIONS, PUT",
    "/v1/rank": "OPTIONS, POST",
    "/v1/users/u1": "DELETE, OPTIONS",
    "/metrics": "GET, HEAD, OPTIONS",
    "/docs/": "GET, HEAD, OPTIONS",
}


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    return path, create_key(path, "page", frozenset({Scope.READ}))


@pytest.fixture(scope="module")
def shared(tiny_store: Store, tmp_path_factory: pytest.TempPathFactory, key: tuple[Path, str]) -> Iterator[Service]:
    """The service with keys, for the pages of two origins."""
    directory = tmp_path_factory.mktemp("cors")
    origins = f"{SHOP}, http://localhost:3000"
    with running(tiny_store.root, directory, API_KEYS_FILE=str(key[0]), CORS_ORIGINS=origins) as service:
        yield service


def preflight(service: Service, method: str, target: str, origin: str = SHOP) -> Reply:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization",
    }
    return service.ask("OPTIONS", target, headers=asked)


def granted(reply: Reply) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name.startswith("Access-Control-")}


@pytest.mark.integration
@pytest.mark.parametrize(("method", "target"), READS)
def test_what_only_reads_may_be_asked_by_the_shops_pages(shared: Service, method: str, target: str) -> None:
    reply = preflight(shared, method, target)
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["Vary"] == "Origin"
    found = granted(reply)
    assert found["Access-Control-Allow-Origin"] == SHOP
    assert method in found["Access-Control-Allow-Methods"].split(", ")
    assert {"Authorization", "Content-Type"} <= set(found["Access-Control-Allow-Headers"].split(", "))
    assert not {"PUT", "DELETE"} & set(found["Access-Control-Allow-Methods"].split(", "))
    assert "Access-Control-Allow-Credentials" not in found


@pytest.mark.integration
@pytest.mark.parametrize(("method", "target"), OTHERS)
def test_nothing_else_may(shared: Service, method: str, target: str) -> None:
    assert granted(preflight(shared, method, target)) == {}
    assert granted(shared.ask(method, target, headers={"Origin": SHOP})) == {}


@pytest.mark.integration
@pytest.mark.parametrize("origin", [OTHER, "null", "https://shop.example.evil.example", "http://shop.example", ""])
def test_no_other_origin_may(shared: Service, origin: str) -> None:
    for reply in (
        preflight(shared, "GET", "/v1/popular", origin),
        shared.get("/v1/popular", {"Origin": origin}),
    ):
        assert granted(reply) == {}
        assert "Origin" in reply.headers["Vary"]


@pytest.mark.integration
def test_answers_errors_and_304_may_be_read(shared: Service, key: tuple[Path, str]) -> None:
    sent = {"Origin": SHOP, "Authorization": f"Bearer {key[1]}"}
    answer = shared.get("/v1/popular", sent)
    replies = {
        200: answer,
        304: shared.get("/v1/popular", {**sent, "If-None-Match": answer.headers["ETag"]}),
        400: shared.get("/v1/popular?limit=0", sent),
        401: shared.get("/v1/popular", {"Origin": SHOP, "Accept": "text/html"}),
        404: shared.get("/v1/nothing", sent),
        405: shared.ask("DELETE", "/v1/popular", headers=sent),
        415: shared.ask("POST", "/v1/rank", b"{}", {**sent, "Content-Type": "text/plain"}),
    }
    for status, reply in replies.items():
        assert reply.status == status
        found = granted(reply)
        assert found["Access-Control-Allow-Origin"] == SHOP, status
        assert {"ETag", "Retry-After", "X-Request-ID"} <= set(found["Access-Control-Expose-Headers"].split(", "))
        assert "Origin" in reply.headers["Vary"].split(", "), status
    assert set(replies[401].headers["Vary"].split(", ")) == {"Accept", "Origin"}
    without = shared.get("/v1/popular", {"Authorization": f"Bearer {key[1]}"})
    assert (granted(without), without.headers["Vary"]) == ({}, "Origin")


@pytest.mark.integration
def test_all_origins(tiny_store: Store, tmp_path: Path) -> None:
    with running(tiny_store.root, tmp_path, CORS_ORIGINS="*") as service:
        reply = service.get("/v1/popular", {"Origin": OTHER, "Cookie": "a=b"})
        assert granted(reply) == {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "Allow, ETag, Retry-After, WWW-Authenticate, X-Request-ID",
        }
        assert "Vary" not in reply.headers
        assert preflight(service, "GET", "/v1/popular").headers["Access-Control-Allow-Origin"] == "*"
        assert granted(preflight(service, "POST", "/v1/events")) == {}
        assert service.get("/v1/nothing", {"Origin": OTHER}).headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.integration
@pytest.mark.parametrize("fixture", ["service", "shared"])
def test_options_says_what_a_path_takes(request: pytest.FixtureRequest, fixture: str) -> None:
    service: Service = request.getfixturevalue(fixture)
    for target, allowed in METHODS.items():
        reply = service.ask("OPTIONS", target)
        assert (reply.status, reply.headers["Allow"], reply.body) == (204, allowed, b""), target
        assert "Content-Type" not in reply.headers
    for route in ROUTES:
        target = route.path.format(user_id="a%2Fb", item_id="a%2Fb")
        reply = service.ask("OPTIONS", target)
        assert (reply.status, granted(reply)) == (204, {})
        assert route.method in reply.headers["Allow"].split(", ")
    assert service.ask("OPTIONS", "/v1/nothing").status == 404


@pytest.mark.integration
def test_without_the_setting_nothing_is_granted(service: Service) -> None:
    for reply in (preflight(service, "GET", "/v1/popular"), service.get("/v1/popular", {"Origin": SHOP})):
        assert (granted(reply), "Vary" in reply.headers) == ({}, False)


@pytest.mark.parametrize(
    "text",
    [
        "shop.example",
        "https://shop.example/",
        "https://Shop.example",
        "HTTPS://shop.example",
        "https://shop.example:443",
        "http://shop.example:80",
        "http://shop.example:0",
        "http://shop.example:65536",
        "https://*.shop.example",
        "https://user@shop.example",
        "https://münchen.example",
        "https://a.example https://b.example",
        "null",
        "*, https://shop.example",
        "ftp://shop.example",
        "https://",
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"CORS_ORIGINS: .* is not an origin as browsers send it"):
        read_settings({"CORS_ORIGINS": text})


def test_origins_are_read() -> None:
    text = " https://shop.example,http://localhost:3000 ,http://[::1]:8080,http://127.0.0.1:1, "
    assert read_settings({"CORS_ORIGINS": text}).cors_origins == (
        "https://shop.example",
        "http://localhost:3000",
        "http://[::1]:8080",
        "http://127.0.0.1:1",
    )
    assert read_settings({"CORS_ORIGINS": "*"}).cors_origins == ("*",)
    assert read_settings({"CORS_ORIGINS": ""}).cors_origins == ()


@pytest.mark.integration
def test_the_service_does_not_start_with_a_bad_origin(tiny_store: Store) -> None:
    ended, said = refusal(tiny_store.root, CORS_ORIGINS="https://shop.example/")
    assert ended == 1
    assert "'https://shop.example/' is not an origin" in said
