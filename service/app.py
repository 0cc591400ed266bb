"""The Flask app: the table of routes, put together with what they need. Nothing is opened here."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import NullSession, SessionInterface

from artifacts.publishing.store import Store
from service.api.openapi import openapi_document
from service.api.operations import register_operations
from service.api.options import register_options
from service.api.route_types import LiveRoute, ModelRoute, Route
from service.api.routes import LIVE_ROUTES, MODEL_ROUTES
from service.http.authorizer import Authorizer
from service.http.errors import register_errors
from service.http.media_types import NDJSON
from service.http.parameters import from_body, from_url, lines_from_body
from service.live.views import LiveContext
from service.recommendations.views import REVALIDATE, Context, QueryEnricher
from service.settings import Settings
from service.state.live_connection import LiveConnection
from service.state.served_model import ServedModel
from service.telemetry.log import on_dropped_lines
from service.telemetry.metrics import observe_dropped_lines
from service.telemetry.observation import RECORD, observed

SERVED_MODEL = "aisle.served_model"
LIVE_STORE = "aisle.live_store"


class NoSessions(SessionInterface):
    """Nobody is logged in: no cookie is looked for, and none is ever set."""

    _session = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:
        return self._session


def create_app(settings: Settings, shared: Path | None = None) -> Flask:
    """The service for `settings`. It answers 503 until `app.extensions` SERVED_MODEL and LIVE_STORE are started.

    `shared` is a directory of all workers: what one of them knows, and the next cannot find out, is left there.
    """
    app = Flask("aisle", static_folder=None)
    app.session_interface = NoSessions()
    app.url_map.merge_slashes = False
    connection = app.extensions[LIVE_STORE] = LiveConnection(settings.live_url, shared)
    served_model = ServedModel(Store(settings.artifacts_dir), connection.live_items)
    app.extensions[SERVED_MODEL] = served_model
    connection.on_items_change(served_model.follow_items)
    authorizer = Authorizer(settings.api_keys_file, shared)
    # A stream holds a thread as long as its reader likes: half of them stay free for everybody else.
    streams = BoundedSemaphore(max(1, settings.threads // 2))
    writers = BoundedSemaphore(max(1, settings.threads // 2))
    enricher = QueryEnricher(connection, settings.explore)
    register_options(app, settings.cors_origins)
    for model_route in MODEL_ROUTES:
        _add(app, model_route, _model_endpoint(model_route, served_model, authorizer, enricher, streams))
    for live_route in LIVE_ROUTES:
        _add(app, live_route, _live_endpoint(live_route, served_model, connection, authorizer, writers))
    openapi = cache(partial(openapi_document, secured=settings.api_keys_file is not None))
    register_operations(app, served_model, connection, authorizer, openapi)
    register_errors(app)
    on_dropped_lines(observe_dropped_lines)
    app.wsgi_app = observed(app.wsgi_app)  # type: ignore[assignment, method-assign]
    return app


def _add(app: Flask, route: Route, endpoint: Callable[..., Response]) -> None:
    app.add_url_rule(route.rule, route.name, endpoint, methods=[route.method])


def _model_endpoint(
    route: ModelRoute,
    served_model: ServedModel,
    authorizer: Authorizer,
    enricher: QueryEnricher,
    streams: BoundedSemaphore,
) -> Callable[..., Response]:
    def endpoint(**path: str) -> Response:
        environ = request.environ
        authorizer.check(environ.get("HTTP_AUTHORIZATION"), route.scope)
        parsed = _read(route, path)
        context = Context(served_model.served, environ[RECORD], enricher, streams)
        context.record.model_version = context.served.model.version
        if not route.revalidates:
            return route.view(context, parsed)
        tag = context.served.tag
        return _revalidated(tag) or _tagged(route.view(context, parsed), tag)

    return endpoint


def _live_endpoint(
    route: LiveRoute,
    served_model: ServedModel,
    connection: LiveConnection,
    authorizer: Authorizer,
    writers: BoundedSemaphore,
) -> Callable[..., Response]:
    def endpoint(**path: str) -> Response:
        environ = request.environ
        authorizer.check(environ.get("HTTP_AUTHORIZATION"), route.scope)
        context = LiveContext(connection, served_model, environ[RECORD], writers)
        parsed = _read(route, path)
        with connection.reporting(context.record.request_id):
            return route.view(context, parsed)

    return endpoint


def _read(route: Route, path: Mapping[str, str]) -> Any:
    """The request, as the route's view takes it."""
    if not route.has_body:
        return from_url(route.schema, path, request.environ["QUERY_STRING"])
    if route.body_type == NDJSON:
        return lines_from_body(request, route.max_body_bytes)
    return from_body(route.schema, request, route.max_body_bytes, path)


def _revalidated(tag: str) -> Response | None:
    """304 for who already has this answer: it changes only with the version and the live changes of items."""
    if "HTTP_IF_NONE_MATCH" in request.environ and request.if_none_match.contains_weak(tag):
        return _tagged(Response(status=304, headers={"Cache-Control": REVALIDATE}), tag)
    return None


def _tagged(response: Response, tag: str) -> Response:
    """The tag is weak: two such answers say the same but for their request_id."""
    response.headers["ETag"] = f'W/"{tag}"'
    return response
