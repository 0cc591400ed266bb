from typing import Any

from artifacts.publishing.store import Store
from tests.support.gunicorn_service import Service, wait_for

CUSTOMER = "customer-4711"


def line_of(service: Service, request_id: str) -> dict[str, Any]:
    """A request's line, which is written just after its answer."""
    line: dict[str, Any] = wait_for(
        lambda: next((line for line in service.lines() if line.get("request_id") == request_id), None)
    )
    return line


def test_a_request_is_one_line(service: Service, tiny_store: Store) -> None:
    service.get("/v1/users/nobody/recommendations?limit=2", {"X-Request-ID": "log-1"})
    line = line_of(service, "log-1")
    assert line.pop("time").endswith("+00:00")
    assert line.pop("milliseconds") > 0
    assert line == {
        "request_id": "log-1",
        "method": "GET",
        "route": "/v1/users/<user_id>/recommendations",
        "status": 200,
        "model_version": tiny_store.current(),
        "answered": 2,
        "fallback": "unknown_user",
    }


def test_nothing_of_what_was_asked_is_logged(service: Service) -> None:
    body = {"user_id": CUSTOMER, "items": [CUSTOMER]}
    service.get(f"/v1/users/{CUSTOMER}/recommendations?exclude={CUSTOMER}")
    service.get(f"/v1/users/{CUSTOMER}/recommendations?{CUSTOMER}={CUSTOMER}")
    service.get(f"/{CUSTOMER}")
    service.post("/v1/rank", body, {"Authorization": f"Bearer {CUSTOMER}"})
    service.post("/v1/rank", {**body, CUSTOMER: 1}, {"X-Request-ID": "log-2"})
    line_of(service, "log-2")
    assert CUSTOMER not in service.out.read_text()
    assert CUSTOMER not in service.err.read_text()
