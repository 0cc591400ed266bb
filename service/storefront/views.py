"""What answers requests for the catalogue, and for what a user did last."""

from typing import Any

import orjson
from flask import Response

from artifacts.queries.catalogue import find_item, list_items
from artifacts.queries.eligibility import unknown_categories
from artifacts.queries.recent import recent
from service.http.errors import UnknownItemError
from service.http.media_types import JSON
from service.recommendations.answers import LIVE, NO_ITEM, WarningBody
from service.recommendations.views import PRIVATE, REVALIDATE, Context
from service.storefront.answers import (
    ItemAnswerBody,
    ItemPageBody,
    RecentBody,
    catalogue_item_body,
    recent_item_bodies,
)
from service.storefront.schemas import Item, Items, RecentItems
from service.telemetry.metrics import observe_fallback


def get_item(context: Context, request: Item) -> Response:
    """One item. Raises UnknownItemError."""
    model = context.served.model
    item = find_item(model, request.item_id)
    if item is None:
        raise UnknownItemError("the catalogue has no item of this id")
    body = ItemAnswerBody(
        request_id=context.record.request_id, model_version=model.version, item=catalogue_item_body(item)
    )
    return _answer(body, REVALIDATE, degraded=context.degraded)


def get_items(context: Context, request: Items) -> Response:
    """A page of the catalogue."""
    model, filters = context.served.model, request.filters()
    page = list_items(model, filters, request.after, request.limit)
    context.record.answered = len(page.items)
    body = ItemPageBody(
        request_id=context.record.request_id,
        model_version=model.version,
        items=[catalogue_item_body(item) for item in page.items],
        next_after=page.items[-1].item_id if page.more else None,
    )
    if unknown := unknown_categories(model, filters.categories):
        body["warnings"] = [WarningBody(field="category", value=name, message=NO_ITEM) for name in unknown]
    return _answer(body, REVALIDATE, degraded=context.degraded)


def get_recent(context: Context, request: RecentItems) -> Response:
    """What a user did last."""
    model = context.served.model
    query, degraded = context.enricher.enrich(request.query(), model)
    found = recent(model, query)
    context.record.answered, context.record.fallback = len(found.viewed) + len(found.bought), found.fallback
    observe_fallback(found.fallback)
    body = RecentBody(
        request_id=context.record.request_id,
        model_version=model.version,
        user_id=request.user_id,
        viewed=recent_item_bodies(found.viewed),
        bought=recent_item_bodies(found.bought),
        missing_ids=list(found.missing_ids),
        fallback=found.fallback,
    )
    return _answer(body, PRIVATE, degraded=degraded)


def _answer(body: Any, cache: str, *, degraded: bool) -> Response:
    if degraded:
        body["degraded"] = [LIVE]
    return Response(orjson.dumps(body), headers=[("Content-Type", JSON), ("Cache-Control", cache)])
