"""The Flask app: the table of routes, put together with what they need. Nothing is opened here."""

from collections.abc import Callable
from threading import BoundedSemaphore

from flask import Flask, Response, request

from artifacts.store import Store
from service.errors import register_errors
from service.keys import Gate
from service.live_model import LiveModel
from service.observation import RECORD, observed
from service.openapi import openapi_document
from service.operations import register_operations
from service.parameters import from_body, from_url
from service.routes import ROUTES, Route
from service.settings import Settings
from service.views import REVALIDATE, Context

LIVE_MODEL = "aisle.live_model"


def create_app(settings: Settings) -> Flask:
    """The service for `settings`. It answers 503 until `app.extensions[LIVE_MODEL]` is started.

    Raises KeysFileError where the keys file cannot be read.
    """
    app = Flask("aisle", static_folder=None)
    app.url_map.merge_slashes = False
    live = app.extensions[LIVE_MODEL] = LiveModel(Store(settings.artifacts_dir))
    gate = Gate(settings.api_keys_file)
    # A stream holds a thread as long as its reader likes: half of them stay free for everybody else.
    streams = BoundedSemaphore(max(1, settings.threads // 2))
    for route in ROUTES:
        rule = route.path.replace("{", "<").replace("}", ">")
        app.add_url_rule(rule, route.name, _endpoint(route, live, gate, streams), methods=[route.method])
    register_operations(app, live, gate, openapi_document(secured=settings.api_keys_file is not None))
    register_errors(app)
    app.wsgi_app = observed(app.wsgi_app)  # type: ignore[assignment, method-assign]
    return app


def _endpoint(route: Route, live: LiveModel, gate: Gate, streams: BoundedSemaphore) -> Callable[..., Response]:
    def endpoint(**path: str) -> Response:
        environ = request.environ
        gate.check(environ.get("HTTP_AUTHORIZATION"), route.scope)
        if route.method == "GET":
            asked = from_url(route.schema, path, environ["QUERY_STRING"])
        else:
            asked = from_body(route.schema, request, route.max_body_bytes)
        context = Context(live.served, environ[RECORD], streams)
        context.record.model_version = version = context.served.model.version
        if not route.revalidates:
            return route.view(context, asked)
        return _revalidated(version) or _tagged(route.view(context, asked), version)

    return endpoint


def _revalidated(version: str) -> Response | None:
    """304 for who already has this answer of this version: a URL's answer changes with the version only."""
    if "HTTP_IF_NONE_MATCH" in request.environ and request.if_none_match.contains_weak(version):
        return _tagged(Response(status=304, headers={"Cache-Control": REVALIDATE}), version)
    return None


def _tagged(response: Response, version: str) -> Response:
    """The tag is weak: two answers of a version say the same but for their request_id."""
    response.headers["ETag"] = f'W/"{version}"'
    return response
