"""The OpenAPI 3.1 document, generated from the types that validate requests and shape answers."""

from http import HTTPStatus
from typing import Any

import orjson
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from service.api.routes import ROUTES, Route
from service.http.body import JSON
from service.http.errors import PROBLEM_TYPE, Problem
from service.http.keys import Scope
from service.recommendations.answers import StatusBody

Json = dict[str, Any]

API_VERSION = "1.1.0"
_REF = "#/components/schemas/{model}"
_KEY = "api_key"
_DESCRIPTION = (
    "Recommendations for shops. Ids may hold any character but NUL; in a path they are percent-encoded. "
    "An unknown user or item is no error: the answer says in `fallback` and `missing_ids` what it did instead."
)


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
    return orjson.dumps({"openapi": "3.1.0", "info": info, "paths": paths, "components": components})


def _operation(route: Route, schemas: Json, secured: bool) -> Json:
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "description": route.schema.__doc__,
        "responses": {str(route.status.value): _success(route, schemas), **_problems(route, schemas, secured)},
    }
    request = _schema(route.schema, schemas, "validation")
    in_url = _in_url(route, schemas[route.schema.__name__])
    if route.has_body:
        operation["requestBody"] = {"required": True, "content": {route.body_type: {"schema": request}}}
    else:
        del schemas[route.schema.__name__]
    if in_url["properties"]:
        operation["parameters"] = _parameters(route.path, in_url)
    if secured:
        operation["security"] = [{_KEY: []}]
        operation["description"] += f" Needs a key with the scope `{route.scope}`."
    return operation


def _schema(kind: Any, schemas: Json, mode: JsonSchemaMode = "serialization") -> Json:
    """A reference to the type's schema, which is put into `schemas` with all it refers to."""
    schema = TypeAdapter(kind).json_schema(ref_template=_REF, mode=mode)
    schemas.update(schema.pop("$defs", {}))
    if kind is str:
        return schema
    schemas[kind.__name__] = schema
    return {"$ref": _REF.format(model=kind.__name__)}


def _in_url(route: Route, schema: Json) -> Json:
    """What of a request's schema is in its URL: taken out of `schema` where there is a body too."""
    if not route.has_body:
        return schema
    named = [name for name in schema["properties"] if f"{{{name}}}" in route.path]
    required = schema.get("required", [])
    schema["required"] = [name for name in required if name not in named]
    return {"properties": {name: schema["properties"].pop(name) for name in named}, "required": named}


def _parameters(path: str, schema: Json) -> list[Json]:
    parameters = []
    for name, field in schema["properties"].items():
        place = "path" if f"{{{name}}}" in path else "query"
        parameter: Json = {"name": name, "in": place, "required": name in schema.get("required", [])}
        if "description" in field:
            parameter["description"] = field.pop("description")
        parameters.append(parameter | {"schema": _without_null(field)})
    return parameters


def _without_null(field: Json) -> Json:
    """A URL has no null: an optional parameter is left out."""
    if field.get("default", ...) is None:
        field.pop("default")
    kinds = [kind for kind in field.pop("anyOf", []) if kind != {"type": "null"}]
    return {**field, **(kinds[0] if kinds else {})}


def _success(route: Route, schemas: Json) -> Json:
    response: Json = {
        "description": route.summary,
        "headers": {"X-Request-ID": {"schema": {"type": "string"}}},
        "content": {route.media_type.partition(";")[0]: {"schema": _schema(route.answer, schemas)}},
    }
    if route.revalidates:
        response["headers"]["ETag"] = {"schema": {"type": "string"}}
    return response


def _problems(route: Route, schemas: Json, secured: bool) -> Json:
    statuses = [HTTPStatus.BAD_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE]
    if secured:
        statuses += [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN]
    if route.has_body:
        statuses += [HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE]
        statuses.append(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    else:
        statuses.append(HTTPStatus.REQUEST_URI_TOO_LONG)
    if route.scope is Scope.BATCH or (route.live and route.method != "GET"):
        statuses.append(HTTPStatus.TOO_MANY_REQUESTS)
    if route.answer is str:
        statuses.append(HTTPStatus.NOT_FOUND)
    responses = {str(status.value): _problem(status, schemas) for status in sorted(statuses)}
    if route.revalidates:
        responses["304"] = {"description": "The answer with the ETag in If-None-Match is still the one."}
    return responses


def _problem(status: HTTPStatus, schemas: Json) -> Json:
    response: Json = {
        "description": status.phrase,
        "content": {PROBLEM_TYPE: {"schema": _schema(Problem, schemas)}},
    }
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        response["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return response


def _operational(schemas: Json, secured: bool) -> Json:
    status = {"200": {"description": "It is.", "content": {JSON: {"schema": _schema(StatusBody, schemas)}}}}
    unready = {"503": _problem(HTTPStatus.SERVICE_UNAVAILABLE, schemas)}
    refused = [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN] if secured else []
    metrics: Json = {
        "operationId": "metrics",
        "summary": "Prometheus metrics over all workers",
        "responses": {
            "200": {"description": "Metrics", "content": {"text/plain": {"schema": {"type": "string"}}}},
            **{str(status.value): _problem(status, schemas) for status in refused},
        },
    }
    if secured:
        metrics["security"] = [{_KEY: []}]
    return {
        "/health/live": {"get": {"operationId": "live", "summary": "Is it up?", "responses": status}},
        "/health/ready": {
            "get": {
                "operationId": "ready",
                "summary": "Can it answer?",
                "responses": {**status, **unready},
            }
        },
        "/metrics": {"get": metrics},
    }
