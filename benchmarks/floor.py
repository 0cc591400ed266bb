"""The floor: a bare Flask app that answers constant bytes on the routes that are measured.

What is left between it and the service is what recommending costs: both run under the same gunicorn settings.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from flask import Flask, Response

CONSTANT = "FLOOR_CONSTANT"
ROUTES = (
    ("GET", "/v1/users/<user_id>/recommendations"),
    ("POST", "/v1/recommendations"),
    ("POST", "/v1/cross-sell"),
)


def create_app() -> Flask:
    """The app that answers what the file named by FLOOR_CONSTANT holds: `headers`, a list of pairs, and `body`."""
    constant = json.loads(Path(os.environ[CONSTANT]).read_text(encoding="utf-8"))
    return constant_app([(name, value) for name, value in constant["headers"]], constant["body"].encode())


def constant_app(headers: Iterable[tuple[str, str]], body: bytes) -> Flask:
    """The app that answers the same to everything."""
    app, sent = Flask("floor", static_folder=None), list(headers)
    for method, rule in ROUTES:
        app.add_url_rule(rule, f"{method} {rule}", lambda **_: Response(body, headers=sent), methods=[method])
    return app
