"""What answers each request: put the query to the served version, shape its answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from threading import BoundedSemaphore, Lock
from typing import Any

import orjson
from flask import Response

from artifacts.core.machine_code import processor_level
from artifacts.core.recommend import recommend
from artifacts.live.activity import NO_ACTIVITY
from artifacts.model.ids import UNKNOWN
from artifacts.model.model import Model
from artifacts.publishing.manifest import REPORT_NAME
from artifacts.queries.answer import Answer
from artifacts.queries.eligibility import unknown_categories
from artifacts.queries.query import Query
from service.http.errors import BusyError, NoReportError
from service.http.fields import Nothing
from service.http.media_types import HTML, JSON, NDJSON
from service.recommendations.answers import answer_bytes, model_body
from service.recommendations.schemas import BatchRecommendations
from service.state.live_connection import LiveConnection
from service.state.served_model import ServedVersion
from service.telemetry.metrics import observe_answer
from service.telemetry.observation import Record

PRIVATE = "private, no-store"
REVALIDATE = "no-cache"

REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
# numpy lets go of the interpreter in every other operation: threads that answer at the same time would hand it to each
# other dozens of times an answer.
_ONE_AT_A_TIME = Lock()
LINES_A_CHUNK = 32  # fewer, larger writes to the socket; still the first picks at once


@dataclass(frozen=True, slots=True)
class QueryEnricher:
    """Adds to a query what the live store knows of its user and session, and `explore`: the share of an answer that is
    kept for items not seen in training."""

    connection: LiveConnection
    explore: float

    def enrich(self, query: Query, model: Model) -> tuple[Query, bool]:
        """The query with the user's activity; whether the live store cannot be used."""
        query = replace(query, explore=self.explore) if self.explore else query
        if not query.personalized or (query.user_id is None and query.session_id is None):
            return query, self.connection.degraded
        activity, failed = self.connection.activity(query, _trained_up_to(model, query.user_id))
        degraded = failed or self.connection.degraded
        if activity is NO_ACTIVITY:
            return query, degraded
        return replace(query, activity=activity, personalized=activity.personalized), degraded


def _trained_up_to(model: Model, user_id: str | None) -> int:
    """The number of the last event that the version's history of a user may hold: none of who it does not know."""
    if not model.live_seq or user_id is None or model.user_ids.find(user_id) == UNKNOWN:
        return 0
    return model.live_seq


@dataclass(frozen=True, slots=True)
class Context:
    """What a view answers from: one version from start to end, and the streams under way in this worker."""

    served: ServedVersion
    record: Record
    enricher: QueryEnricher
    streams: BoundedSemaphore

    @property
    def degraded(self) -> bool:
        """Whether the live store cannot be used."""
        return self.enricher.connection.degraded


View = Callable[[Context, Any], Response]


def answering(recommender: Callable[[Model, Query], Answer]) -> View:
    """The view that puts a request's query to the served version by `recommender`."""

    def view(context: Context, request: Any) -> Response:
        query = request.query()
        whose = query.user_id is not None or query.session_id is not None or query.recent_items
        cache = PRIVATE if whose else REVALIDATE
        return Response(
            _answer(context, recommender, query), headers=[("Content-Type", JSON), ("Cache-Control", cache)]
        )

    return view


def recommend_batch(context: Context, request: BatchRecommendations) -> Response:
    """One line a user, in the order given; one version throughout. Raises BusyError."""
    if not context.streams.acquire(blocking=False):
        raise BusyError("this many batches are not answered at once: try again")
    response = Response(_lines(context, request), headers=[("Content-Type", NDJSON), ("Cache-Control", PRIVATE)])
    response.call_on_close(context.streams.release)
    return response


def model_summary(context: Context, _: Nothing) -> Response:
    """The served version's manifest, but for its files."""
    body = orjson.dumps(model_body(context.served.model.manifest, processor_level()), default=str)
    return Response(body, headers=[("Content-Type", JSON), ("Cache-Control", REVALIDATE)])


def model_report(context: Context, _: Nothing) -> Response:
    """The report that was published with the served version. Raises NoReportError."""
    try:
        page = (context.served.directory / REPORT_NAME).read_bytes()
    except FileNotFoundError:
        raise NoReportError("the served version was published without a report") from None
    headers = [
        ("Content-Type", HTML),
        ("Cache-Control", REVALIDATE),
        ("Content-Security-Policy", REPORT_POLICY),
    ]
    return Response(page, headers=headers)


def _answer(context: Context, recommender: Callable[[Model, Query], Answer], query: Query) -> bytes:
    model = context.served.model
    enriched, degraded = context.enricher.enrich(query, model)
    with _ONE_AT_A_TIME:
        answer = recommender(model, enriched)
    context.record.note(answer)
    observe_answer(answer)
    unknown = unknown_categories(model, query.filters.categories)
    return answer_bytes(
        answer,
        context.record.request_id,
        model.version,
        query.user_id,
        degraded=degraded,
        unknown_categories=unknown,
    )


def _lines(context: Context, request: BatchRecommendations) -> Iterator[bytes]:
    for start in range(0, len(request.user_ids), LINES_A_CHUNK):
        users = request.user_ids[start : start + LINES_A_CHUNK]
        yield b"".join(_answer(context, recommend, request.query(user_id)) + b"\n" for user_id in users)
