"""What the service says of itself where nothing is asked: what there is, as links."""

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from service.api.routes import ROUTES

API_VERSION = "1.2.0"
_OPERATIONS = {"documentation": "docs/", "openapi": "openapi.json", "health": "health/ready", "metrics": "metrics"}


@with_config(ConfigDict(extra="forbid"))
class RootBody(TypedDict):
    """Which service this is, and its links, relative to this answer's own address: what can be got, by name. Names in
    braces stand for ids, percent-encoded."""

    service: str
    api_version: str
    links: dict[str, str]


def root_body() -> RootBody:
    """The links of everything that can be got."""
    links = {route.name: route.path.removeprefix("/") for route in ROUTES if route.method == "GET"}
    return RootBody(service="Aisle", api_version=API_VERSION, links=_OPERATIONS | links)
