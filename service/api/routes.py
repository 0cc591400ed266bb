"""The table of every request under /v1: what it takes, who may ask it, what answers it."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response

from artifacts.queries.cross_sell import cross_sell
from artifacts.queries.popular import popular
from artifacts.queries.rank import rank
from artifacts.queries.recommend import recommend
from artifacts.queries.similar import similar
from service.http.body import JSON, NDJSON
from service.http.fields import Nothing, Request
from service.http.keys import Scope
from service.limits import MAX_BATCH_BODY_BYTES, MAX_BODY_BYTES, MAX_EVENTS_BODY_BYTES, MAX_ITEMS_BODY_BYTES
from service.live import views as live_views
from service.live.answers import ErasureBody, EventsBody, ItemBody, ItemsBody, PreferencesBody, UserDataBody
from service.live.schemas import Events, ItemChange, ItemLine, Preferences, User
from service.recommendations import views
from service.recommendations.answers import AnswerBody, ModelBody
from service.recommendations.schemas import (
    BatchRecommendations,
    CrossSell,
    ItemCrossSell,
    Popular,
    Rank,
    Recommendations,
    SimilarItems,
    UserRecommendations,
)
from service.recommendations.views import HTML, answering


@dataclass(frozen=True)
class Route:
    """A request: parameters come from the path, and from the query of a GET or a DELETE, the body of a POST or a PUT.

    An NDJSON body is read by the view; `schema` is a line's then.
    """

    method: str
    path: str
    name: str
    summary: str
    schema: type[Request]
    view: Callable[[Any, Any], Response]  # a View; a LiveView where it is live
    answer: Any = AnswerBody
    scope: Scope = Scope.READ
    media_type: str = JSON
    body_type: str = JSON
    status: HTTPStatus = HTTPStatus.OK
    max_body_bytes: int = MAX_BODY_BYTES
    live: bool = False  # put to the live store, and not to the served version
    revalidates: bool = False  # answers 304 to an If-None-Match of the served version

    @property
    def has_body(self) -> bool:
        return self.method in {"POST", "PUT"}


ROUTES = (
    Route(
        "GET",
        "/v1/users/{user_id}/recommendations",
        "recommend_to_user",
        "Picks for a user",
        UserRecommendations,
        answering(recommend),
    ),
    Route(
        "POST",
        "/v1/recommendations",
        "recommend",
        "Picks for a user, a session, or both",
        Recommendations,
        answering(recommend),
    ),
    Route(
        "GET",
        "/v1/items/{item_id}/cross-sell",
        "cross_sell_item",
        "What is bought together with an item",
        ItemCrossSell,
        answering(cross_sell),
        revalidates=True,
    ),
    Route(
        "POST",
        "/v1/cross-sell",
        "cross_sell",
        "What is bought together with a basket",
        CrossSell,
        answering(cross_sell),
    ),
    Route(
        "GET",
        "/v1/items/{item_id}/similar",
        "similar",
        "What can stand in for an item",
        SimilarItems,
        answering(similar),
        revalidates=True,
    ),
    Route("GET", "/v1/popular", "popular", "What sells now", Popular, answering(popular), revalidates=True),
    Route("POST", "/v1/rank", "rank", "The caller's own list in the user's order", Rank, answering(rank)),
    Route(
        "POST",
        "/v1/batch/recommendations",
        "recommend_batch",
        "Picks for many users, streamed, one line a user",
        BatchRecommendations,
        views.recommend_batch,
        scope=Scope.BATCH,
        media_type=NDJSON,
        max_body_bytes=MAX_BATCH_BODY_BYTES,
    ),
    Route(
        "GET",
        "/v1/model",
        "model",
        "The served version: when trained, on what, its metrics",
        Nothing,
        views.model_summary,
        answer=ModelBody,
        scope=Scope.ADMIN,
        revalidates=True,
    ),
    Route(
        "GET",
        "/v1/model/report",
        "model_report",
        "The served version's evaluation report",
        Nothing,
        views.model_report,
        answer=str,
        scope=Scope.ADMIN,
        media_type=HTML,
        revalidates=True,
    ),
    Route(
        "POST",
        "/v1/events",
        "take_events",
        "What users and visitors did",
        Events,
        live_views.take_events,
        answer=EventsBody,
        scope=Scope.WRITE,
        status=HTTPStatus.ACCEPTED,
        max_body_bytes=MAX_EVENTS_BODY_BYTES,
        live=True,
    ),
    Route(
        "PUT",
        "/v1/items/{item_id}",
        "put_item",
        "An item's availability, price, texts",
        ItemChange,
        live_views.put_item,
        answer=ItemBody,
        scope=Scope.WRITE,
        live=True,
    ),
    Route(
        "PUT",
        "/v1/items",
        "put_items",
        "The same for many items, one a line",
        ItemLine,
        live_views.put_items,
        answer=ItemsBody,
        scope=Scope.WRITE,
        body_type=NDJSON,
        max_body_bytes=MAX_ITEMS_BODY_BYTES,
        live=True,
    ),
    Route(
        "DELETE",
        "/v1/users/{user_id}",
        "erase_user",
        "Forget a user",
        User,
        live_views.erase_user,
        answer=ErasureBody,
        scope=Scope.WRITE,
        live=True,
    ),
    Route(
        "GET",
        "/v1/users/{user_id}/data",
        "tell_user_data",
        "All that is held of a user",
        User,
        live_views.get_user_data,
        answer=UserDataBody,
        scope=Scope.WRITE,
        live=True,
    ),
    Route(
        "PUT",
        "/v1/users/{user_id}/preferences",
        "put_preferences",
        "Whether a user wants answers of their own",
        Preferences,
        live_views.put_preferences,
        answer=PreferencesBody,
        scope=Scope.WRITE,
        live=True,
    ),
)
