"""What pages of other origins may read, where CORS is on."""

from service.api.operations import OPEN_PATHS
from service.api.routes import ROUTES
from service.http.keys import Scope

_GET = frozenset({"GET", "HEAD"})


def readable_methods() -> dict[str, frozenset[str]]:
    """By the pattern of a path, the methods that only read and that a key with the scope `read`, or none, opens."""
    methods = dict.fromkeys(OPEN_PATHS, _GET)
    for route in ROUTES:
        if route.scope is Scope.READ:
            more = _GET if route.method == "GET" else {route.method}
            methods[route.rule] = methods.get(route.rule, frozenset()) | more
    return methods
