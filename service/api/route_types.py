"""What a route is. There are two kinds: one is put to the served version, the other to the live store."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, ClassVar

from flask import Response

from service.http.errors import (
    InvalidRequestError,
    LinesTypeError,
    LiveStoreError,
    MediaTypeError,
    NoLiveStoreError,
    NoModelError,
    ServiceError,
    SlowBodyError,
    TooLargeError,
)
from service.http.fields import Request
from service.http.keys import Scope
from service.http.media_types import JSON, NDJSON
from service.limits import MAX_BODY_BYTES
from service.recommendations.answers import AnswerBody


class Tag(StrEnum):
    """The groups that the documentation shows the routes in, in this order."""

    RECOMMENDATIONS = "Recommendations"
    BASKETS = "Items and baskets"
    CATALOGUE = "Catalogue and history"
    LIVE = "Live store"
    USERS = "Users' data"
    MODEL = "Model"
    OPERATIONS = "Operations"


@dataclass(frozen=True)
class Route:
    """A request: parameters come from the path, and from the query of a GET or a DELETE, the body of a POST or a PUT.

    An NDJSON body is read by the view; `schema` is a line's then. `refusals` are the errors of the view itself.
    """

    method: str
    path: str
    tag: Tag
    name: str
    summary: str
    schema: type[Request]
    view: Callable[[Any, Any], Response]
    answer: Any = AnswerBody
    scope: Scope = Scope.READ
    media_type: str = JSON
    body_type: str = JSON
    status: HTTPStatus = HTTPStatus.OK
    max_body_bytes: int = MAX_BODY_BYTES
    refusals: tuple[type[ServiceError], ...] = ()

    unavailable: ClassVar[tuple[type[ServiceError], ...]]  # what its kind answers while it has nothing to answer from

    @property
    def rule(self) -> str:
        """The path as Flask writes its pattern."""
        return self.path.replace("{", "<").replace("}", ">")

    @property
    def has_body(self) -> bool:
        return self.method in {"POST", "PUT"}

    @property
    def errors(self) -> tuple[type[ServiceError], ...]:
        """All that a request with the right key can be refused for."""
        media_type = LinesTypeError if self.body_type == NDJSON else MediaTypeError
        body = (SlowBodyError, TooLargeError, media_type) if self.has_body else ()
        return (InvalidRequestError, *body, *self.refusals, *self.unavailable)


@dataclass(frozen=True)
class ModelRoute(Route):
    """A request that is put to the served version by a View."""

    revalidates: bool = False  # answers 304 to an If-None-Match of the served version

    unavailable = (NoModelError,)


@dataclass(frozen=True)
class LiveRoute(Route):
    """A request that is put to the live store by a LiveView."""

    unavailable = (NoLiveStoreError, LiveStoreError)
