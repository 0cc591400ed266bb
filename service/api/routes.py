"""The two tables of every request under /v1: what it takes, who may send it, what answers it."""

from http import HTTPStatus

from artifacts.core.recommend import recommend
from artifacts.queries.cross_sell import cross_sell
from artifacts.queries.popular import popular
from artifacts.queries.rank import rank
from artifacts.queries.similar import similar
from artifacts.queries.viewed_together import viewed_together
from service.api.route_types import LiveRoute, ModelRoute, Route, Tag
from service.http.errors import BusyError, NoReportError, UnknownItemError
from service.http.fields import Nothing
from service.http.keys import Scope
from service.http.media_types import HTML, NDJSON
from service.limits import MAX_BATCH_BODY_BYTES, MAX_EVENTS_BODY_BYTES, MAX_ITEMS_BODY_BYTES
from service.live import views as live_views
from service.live.answers import ErasureBody, EventsBody, ItemBody, ItemsBody, PreferencesBody, UserDataBody
from service.live.schemas import Events, ItemChange, ItemLine, Preferences, User
from service.recommendations import views
from service.recommendations.answers import ModelBody
from service.recommendations.schemas import (
    BatchRecommendations,
    CrossSell,
    ItemCrossSell,
    Popular,
    Rank,
    Recommendations,
    SimilarItems,
    UserRecommendations,
    ViewedTogether,
)
from service.recommendations.views import answering
from service.storefront import views as storefront_views
from service.storefront.answers import ItemAnswerBody, ItemPageBody, RecentBody
from service.storefront.schemas import Item, Items, RecentItems

MODEL_ROUTES = (
    ModelRoute(
        "GET",
        "/v1/users/{user_id}/recommendations",
        Tag.RECOMMENDATIONS,
        "recommend_to_user",
        "Picks for a user",
        UserRecommendations,
        answering(recommend),
    ),
    ModelRoute(
        "POST",
        "/v1/recommendations",
        Tag.RECOMMENDATIONS,
        "recommend",
        "Picks for a user, a session, or both",
        Recommendations,
        answering(recommend),
    ),
    ModelRoute(
        "GET",
        "/v1/items/{item_id}/cross-sell",
        Tag.BASKETS,
        "cross_sell_item",
        "What is bought together with an item",
        ItemCrossSell,
        answering(cross_sell),
        revalidates=True,
    ),
    ModelRoute(
        "POST",
        "/v1/cross-sell",
        Tag.BASKETS,
        "cross_sell",
        "What is bought together with a basket",
        CrossSell,
        answering(cross_sell),
    ),
    ModelRoute(
        "GET",
        "/v1/items/{item_id}/similar",
        Tag.BASKETS,
        "similar",
        "What can stand in for an item",
        SimilarItems,
        answering(similar),
        revalidates=True,
    ),
    ModelRoute(
        "GET",
        "/v1/items/{item_id}/viewed-together",
        Tag.BASKETS,
        "viewed_together",
        "What is viewed together with an item",
        ViewedTogether,
        answering(viewed_together),
        revalidates=True,
    ),
    ModelRoute(
        "GET",
        "/v1/popular",
        Tag.RECOMMENDATIONS,
        "popular",
        "What sells now",
        Popular,
        answering(popular),
        revalidates=True,
    ),
    ModelRoute(
        "POST",
        "/v1/rank",
        Tag.RECOMMENDATIONS,
        "rank",
        "The caller's own list in the user's order",
        Rank,
        answering(rank),
    ),
    ModelRoute(
        "POST",
        "/v1/batch/recommendations",
        Tag.RECOMMENDATIONS,
        "recommend_batch",
        "Picks for many users, streamed, one line a user",
        BatchRecommendations,
        views.recommend_batch,
        scope=Scope.BATCH,
        media_type=NDJSON,
        max_body_bytes=MAX_BATCH_BODY_BYTES,
        refusals=(BusyError,),
    ),
    ModelRoute(
        "GET",
        "/v1/items/{item_id}",
        Tag.CATALOGUE,
        "item",
        "An item as the catalogue has it",
        Item,
        storefront_views.get_item,
        answer=ItemAnswerBody,
        refusals=(UnknownItemError,),
        revalidates=True,
    ),
    ModelRoute(
        "GET",
        "/v1/items",
        Tag.CATALOGUE,
        "items",
        "The items of a category, or all, page by page",
        Items,
        storefront_views.get_items,
        answer=ItemPageBody,
        revalidates=True,
    ),
    ModelRoute(
        "GET",
        "/v1/users/{user_id}/recent",
        Tag.CATALOGUE,
        "recent",
        "What a user last viewed and bought",
        RecentItems,
        storefront_views.get_recent,
        answer=RecentBody,
    ),
    ModelRoute(
        "GET",
        "/v1/model",
        Tag.MODEL,
        "model",
        "The served version: when trained, on what, its metrics",
        Nothing,
        views.model_summary,
        answer=ModelBody,
        scope=Scope.ADMIN,
        revalidates=True,
    ),
    ModelRoute(
        "GET",
        "/v1/model/report",
        Tag.MODEL,
        "model_report",
        "The served version's evaluation report",
        Nothing,
        views.model_report,
        answer=str,
        scope=Scope.ADMIN,
        media_type=HTML,
        refusals=(NoReportError,),
        revalidates=True,
    ),
)

LIVE_ROUTES = (
    LiveRoute(
        "POST",
        "/v1/events",
        Tag.LIVE,
        "take_events",
        "What users and visitors did",
        Events,
        live_views.take_events,
        answer=EventsBody,
        scope=Scope.WRITE,
        refusals=(BusyError,),
        status=HTTPStatus.ACCEPTED,
        max_body_bytes=MAX_EVENTS_BODY_BYTES,
    ),
    LiveRoute(
        "PUT",
        "/v1/items/{item_id}",
        Tag.LIVE,
        "put_item",
        "An item's availability, price, texts",
        ItemChange,
        live_views.put_item,
        answer=ItemBody,
        scope=Scope.WRITE,
        refusals=(BusyError,),
    ),
    LiveRoute(
        "PUT",
        "/v1/items",
        Tag.LIVE,
        "put_items",
        "The same for many items, one a line",
        ItemLine,
        live_views.put_items,
        answer=ItemsBody,
        scope=Scope.WRITE,
        refusals=(BusyError,),
        body_type=NDJSON,
        max_body_bytes=MAX_ITEMS_BODY_BYTES,
    ),
    LiveRoute(
        "DELETE",
        "/v1/users/{user_id}",
        Tag.USERS,
        "erase_user",
        "Forget a user",
        User,
        live_views.erase_user,
        answer=ErasureBody,
        scope=Scope.WRITE,
        refusals=(BusyError,),
    ),
    LiveRoute(
        "GET",
        "/v1/users/{user_id}/data",
        Tag.USERS,
        "tell_user_data",
        "All that is held of a user",
        User,
        live_views.get_user_data,
        answer=UserDataBody,
        scope=Scope.WRITE,
    ),
    LiveRoute(
        "PUT",
        "/v1/users/{user_id}/preferences",
        Tag.USERS,
        "put_preferences",
        "Whether a user wants answers of their own",
        Preferences,
        live_views.put_preferences,
        answer=PreferencesBody,
        scope=Scope.WRITE,
        refusals=(BusyError,),
    ),
)

ROUTES: tuple[Route, ...] = (*MODEL_ROUTES, *LIVE_ROUTES)
