"""Which pages of other origins may read which answers: cross-origin resource sharing, of the Fetch standard.

No answer is ever for a page's credentials: browsers send no cookie, and what a page asks with a key it asks with the
header that it sets itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, request

ANY = "*"
_SENT = "Authorization, Content-Type, If-None-Match, X-Request-ID"
_EXPOSED = "Allow, ETag, Retry-After, WWW-Authenticate, X-Request-ID"
_PREFLIGHT_SECONDS = "600"


@dataclass(frozen=True)
class Cors:
    """`origins` may read: those named, or ANY; `methods` are, by the pattern of a path, those that only read."""

    origins: frozenset[str]
    methods: Mapping[str, frozenset[str]]

    def allow(self, response: Response) -> Response:
        """Say in an answer, be it an error, whether the page that asked may read it."""
        rule = request.url_rule
        methods = self.methods.get(rule.rule) if rule else frozenset({request.method})  # an error about the path
        if not methods:
            return response
        if ANY not in self.origins:
            response.vary.add("Origin")
        preflight = request.method == "OPTIONS"
        asked = request.headers.get("Access-Control-Request-Method") if preflight else request.method
        origin = request.headers.get("Origin", "")
        if asked in methods and self.origins & {origin, ANY}:
            response.headers.update(self._headers(origin, methods, preflight=preflight))
        return response

    def _headers(self, origin: str, methods: frozenset[str], *, preflight: bool) -> dict[str, Any]:
        allowed = {"Access-Control-Allow-Origin": ANY if ANY in self.origins else origin}
        if not preflight:
            return allowed | {"Access-Control-Expose-Headers": _EXPOSED}
        return allowed | {
            "Access-Control-Allow-Methods": ", ".join(sorted(methods)),
            "Access-Control-Allow-Headers": _SENT,
            "Access-Control-Max-Age": _PREFLIGHT_SECONDS,
        }
