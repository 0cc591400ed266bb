"""For operators and developers: health, metrics, the OpenAPI document and its page."""

from collections.abc import Callable
from typing import Any

import orjson
from flask import Blueprint, Flask, Response, request
from flask_swagger_ui import get_swaggerui_blueprint
from prometheus_client import CONTENT_TYPE_LATEST

from service.api.root import root_body
from service.http.authorizer import Authorizer
from service.http.keys import Scope
from service.http.media_types import JSON
from service.recommendations.answers import KEYS, LIVE, StatusBody
from service.recommendations.views import REVALIDATE
from service.state.live_connection import LiveConnection
from service.state.served_model import ServedModel
from service.telemetry.metrics import exposition

DOCS_PATH = "/docs"
OPENAPI_PATH = "/openapi.json"
OPEN_PATHS = ("/", "/health/live", "/health/ready", OPENAPI_PATH)
# The page's own files and nothing else: it works with no access to the internet, and cannot be made to call out.
DOCS_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)


def register_operations(
    app: Flask,
    served_model: ServedModel,
    connection: LiveConnection,
    authorizer: Authorizer,
    openapi: Callable[[], bytes],
) -> None:
    """Add the routes that are no part of the API proper. Only the metrics need a key."""
    app.add_url_rule("/health/live", "_alive", _alive)
    app.add_url_rule("/health/ready", "_ready", _ready(served_model, connection, authorizer))
    app.add_url_rule("/metrics", "_metrics", _metrics(authorizer))
    app.add_url_rule(OPENAPI_PATH, "_openapi", _openapi(openapi))
    app.add_url_rule("/", "_root", _root)
    app.register_blueprint(_docs(), url_prefix=DOCS_PATH)


def _root() -> Response:
    return Response(orjson.dumps(root_body()), headers={"Content-Type": JSON, "Cache-Control": REVALIDATE})


def _alive() -> Response:
    return Response(orjson.dumps(StatusBody(status="live")), headers=_fresh(JSON))


def _ready(served_model: ServedModel, connection: LiveConnection, authorizer: Authorizer) -> Callable[[], Response]:
    def ready() -> Response:
        """Raises NoModelError until there is something to answer from, NoKeysError until it is known whom to."""
        body = StatusBody(status="ready", model_version=served_model.served.model.version)
        lost = {LIVE: connection.degraded, KEYS: authorizer.stale}
        if any(lost.values()):
            body["degraded"] = [name for name, is_lost in lost.items() if is_lost]
        return Response(orjson.dumps(body), headers=_fresh(JSON))

    return ready


def _metrics(authorizer: Authorizer) -> Callable[[], Response]:
    def metrics() -> Response:
        authorizer.check(request.headers.get("Authorization"), Scope.ADMIN)
        return Response(exposition(), headers=_fresh(CONTENT_TYPE_LATEST))

    return metrics


def _openapi(document: Callable[[], bytes]) -> Callable[[], Response]:
    """The document takes longer to make than all else that a start does: it is made at the first request for it."""

    def openapi() -> Response:
        return Response(document(), headers={"Content-Type": JSON, "Cache-Control": REVALIDATE})

    return openapi


def _fresh(content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type, "Cache-Control": "no-store"}


def _docs() -> Blueprint:
    # validatorUrl: without it the page would send the document's address to a validator on the internet
    # All links of the page are relative to it: a proxy may have put the service below a path of its own.
    config = {
        "app_name": "Aisle",
        "validatorUrl": None,
        "docExpansion": "list",
        "oauth2RedirectUrl": "oauth2-redirect.html",
    }
    docs: Blueprint = get_swaggerui_blueprint(".", f"..{OPENAPI_PATH}", config=config)
    docs.after_request(_policed)
    return docs


def _policed(response: Any) -> Any:
    response.headers["Content-Security-Policy"] = DOCS_POLICY
    return response
