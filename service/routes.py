"""The table of every request under /v1: what it takes, who may ask it, what answers it."""

from dataclasses import dataclass
from typing import Any

from artifacts.cross_sell import cross_sell
from artifacts.popular import popular
from artifacts.ranking import rank
from artifacts.recommend import recommend
from artifacts.similar import similar
from service import views
from service.answers import AnswerBody, ModelBody
from service.keys import Scope
from service.limits import MAX_BATCH_BODY_BYTES, MAX_BODY_BYTES
from service.schemas import (
    BatchRecommendations,
    CrossSell,
    ItemCrossSell,
    Nothing,
    Popular,
    Rank,
    Recommendations,
    Request,
    SimilarItems,
    UserRecommendations,
)
from service.views import HTML, JSON, NDJSON, View, answering


@dataclass(frozen=True)
class Route:
    """A request: parameters come from the URL of a GET and from the body of a POST."""

    method: str
    path: str
    name: str
    summary: str
    schema: type[Request]
    view: View
    answer: Any = AnswerBody
    scope: Scope = Scope.READ
    media_type: str = JSON
    max_body_bytes: int = MAX_BODY_BYTES
    revalidates: bool = False  # answers 304 to an If-None-Match of the served version


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
)
