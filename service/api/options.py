"""What a path takes, and what pages of other origins may ask of it."""

from collections.abc import Sequence
from http import HTTPStatus

from flask import Flask, Response

from service.api.operations import OPEN_PATHS
from service.api.routes import ROUTES
from service.http.cors import Cors
from service.http.keys import Scope

_GET = frozenset({"GET", "HEAD"})


def register_options(app: Flask, cors_origins: Sequence[str]) -> None:
    """Have OPTIONS of every route answered, without a key, and let pages of these origins read what only reads."""

    flasks_own = app.make_default_options_response

    def options() -> Response:
        response = flasks_own()
        response.status_code = HTTPStatus.NO_CONTENT
        response.headers["Allow"] = ", ".join(sorted(response.allow))
        del response.headers["Content-Type"]
        return response

    app.make_default_options_response = options  # type: ignore[method-assign]
    if cors_origins:
        app.after_request(Cors(frozenset(cors_origins), readable_methods()).allow)


def readable_methods() -> dict[str, frozenset[str]]:
    """By the pattern of a path, the methods that only read and that a key with the scope `read`, or none, opens."""
    methods = dict.fromkeys(OPEN_PATHS, _GET)
    for route in ROUTES:
        if route.scope is Scope.READ:
            more = _GET if route.method == "GET" else {route.method}
            methods[route.rule] = methods.get(route.rule, frozenset()) | more
    return methods
