"""The OpenAPI 3.1 document, generated from the types that validate requests and shape answers."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import groupby
from operator import attrgetter
from typing import Any

import orjson

from service.api.json_schema import Json, answer_schema, request_schemas
from service.api.root import API_VERSION, RootBody
from service.api.route_types import ModelRoute, Route, Tag
from service.api.routes import ROUTES
from service.http.errors import NoKeysError, NoModelError, Problem, ScopeError, ServiceError, UnknownKeyError
from service.http.keys import Scope
from service.http.media_types import HTML, JSON, PROBLEM_TYPE
from service.recommendations.answers import StatusBody

_KEY = "api_key"
_DESCRIPTION = (
    "Recommendations for shops. Ids may hold any character but NUL; in a path they are percent-encoded. "
    "An unknown user or item is no error: the answer says in `fallback` and `missing_ids` what it did instead."
)
_TAGS = {
    Tag.RECOMMENDATIONS: "What to show to a user, in a session, or to everybody.",
    Tag.BASKETS: "What is bought, or viewed, together with an item or a basket, and what can stand in for it.",
    Tag.CATALOGUE: "Items as the catalogue has them by now, and what a user last viewed and bought.",
    Tag.LIVE: "Events and changes of items: they count from the next answer on. Needs a live store (`LIVE_URL`).",
    Tag.USERS: "What is held of a user, to be read, erased or left unused. Needs a live store (`LIVE_URL`).",
    Tag.MODEL: "The served version and how well it does.",
    Tag.OPERATIONS: "Whether the service is up, and what it measures.",
}
_HEADERS: Mapping[str, Json] = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to send the key.", "schema": {"type": "string"}},
    "Accept": {"description": "The media type that is read.", "schema": {"type": "string"}},
}


def openapi_document(*, secured: bool) -> bytes:
    """The document as JSON; with `secured`, the requests that need an API key say so."""
    schemas: Json = {}
    paths: Json = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, secured)
    paths |= _operational(schemas, secured)
    components: Json = {"schemas": dict(sorted(schemas.items()))}
    if secured:
        components["securitySchemes"] = {_KEY: {"type": "http", "scheme": "bearer"}}
    info = {"title": "Aisle", "version": API_VERSION, "description": _DESCRIPTION}
    tags = [{"name": tag, "description": _TAGS[tag]} for tag in Tag]
    # Relative to the document's own address, which a proxy may have put below a path of its own.
    document = {"openapi": "3.1.0", "info": info, "servers": [{"url": "."}], "tags": tags, "paths": paths}
    return orjson.dumps({**document, "components": components})


def _operation(route: Route, schemas: Json, secured: bool) -> Json:
    parameters, body = request_schemas(route, schemas)
    operation: Json = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "description": route.schema.__doc__,
        "parameters": parameters,
        "responses": {str(route.status.value): _success(route, schemas), **_refusals(route, schemas)},
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {route.body_type: {"schema": body}}}
    return _with_key(operation, route.method, route.scope, schemas) if secured else operation


def _success(route: Route, schemas: Json) -> Json:
    response: Json = {
        "description": route.summary,
        "headers": {"X-Request-ID": {"schema": {"type": "string"}}},
        "content": {route.media_type.partition(";")[0]: {"schema": answer_schema(route.answer, schemas)}},
    }
    if _revalidates(route):
        response["headers"]["ETag"] = {"schema": {"type": "string"}}
    return response


def _refusals(route: Route, schemas: Json) -> Json:
    responses = _problems(route.errors, schemas)
    if not route.has_body:  # which gunicorn answers
        responses["414"] = _problem(HTTPStatus.REQUEST_URI_TOO_LONG.phrase, schemas)
    if _revalidates(route):
        responses["304"] = {"description": "The answer with the ETag in If-None-Match is still the one."}
    return dict(sorted(responses.items()))


def _revalidates(route: Route) -> bool:
    return isinstance(route, ModelRoute) and route.revalidates


def _problems(errors: Iterable[type[ServiceError]], schemas: Json) -> Json:
    """The answers that errors become, by status."""
    by_status = groupby(sorted(errors, key=attrgetter("status")), key=attrgetter("status"))
    return {str(status.value): _problem_of([*group], schemas) for status, group in by_status}


def _problem_of(errors: list[type[ServiceError]], schemas: Json) -> Json:
    """One answer for all errors of a status."""
    response = _problem(" Or: ".join(error.__doc__ or "" for error in errors), schemas)
    headers = dict.fromkeys(name for error in errors for name in error.headers)
    if headers:
        response["headers"] = {name: _HEADERS[name] for name in headers}
    return response


def _problem(description: str, schemas: Json) -> Json:
    return {"description": description, "content": {PROBLEM_TYPE: {"schema": answer_schema(Problem, schemas)}}}


def _with_key(operation: Json, method: str, scope: Scope, schemas: Json) -> Json:
    """An operation that needs a key; a browser is told so by a page."""
    refused = _problems((UnknownKeyError, ScopeError), schemas)
    if method == "GET":
        for response in refused.values():
            response["content"][HTML.partition(";")[0]] = {"schema": {"type": "string"}}
    needs = f"Needs a key with the scope `{scope}`."
    return operation | {
        "description": f"{operation.get('description', '')} {needs}".strip(),
        "security": [{_KEY: []}],
        "responses": dict(sorted({**operation["responses"], **refused}.items())),
    }


def _operational(schemas: Json, secured: bool) -> Json:
    up = {"200": {"description": "It is.", "content": {JSON: {"schema": answer_schema(StatusBody, schemas)}}}}
    root = {"200": {"description": "Links", "content": {JSON: {"schema": answer_schema(RootBody, schemas)}}}}
    text = {"200": {"description": "Metrics", "content": {"text/plain": {"schema": {"type": "string"}}}}}
    metrics = _operational_get("metrics", "Prometheus metrics over all workers", text)
    if secured:
        metrics["responses"] |= _problems([NoKeysError], schemas)
        metrics = _with_key(metrics, "GET", Scope.ADMIN, schemas)
    return {
        "/": {"get": _operational_get("root", "What there is, as links", root)},
        "/health/live": {"get": _operational_get("live", "Is it up?", up)},
        "/health/ready": {
            "get": _operational_get(
                "ready", "Can it answer?", {**up, **_problems([NoModelError, NoKeysError], schemas)}
            )
        },
        "/metrics": {"get": metrics},
    }


def _operational_get(name: str, summary: str, responses: Any) -> Json:
    return {"operationId": name, "tags": [Tag.OPERATIONS], "summary": summary, "responses": responses}
