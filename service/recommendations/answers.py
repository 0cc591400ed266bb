"""The bodies the service answers with. These types are what the OpenAPI document says of them."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NotRequired

import orjson
from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from artifacts.publishing.manifest import Manifest
from artifacts.queries.answer import Answer
from artifacts.queries.query import Cause, CoOccurrence, Fallback, Reason, Source

NO_ITEM = "no item is in this category"
LIVE = "live"  # what an answer, or the health check, calls the live store
KEYS = "keys"  # what the health check calls the keys file
_CLOSED = ConfigDict(extra="forbid")
_SOURCE = {source: orjson.dumps(source) for source in Source}


@with_config(_CLOSED)
class CauseBody(TypedDict):
    """An item of the user's history, session or basket that drove a pick, and by how much of the score."""

    item_id: str
    contribution: float
    title: NotRequired[str]


@with_config(_CLOSED)
class CoPurchaseBody(TypedDict):
    """How often an item of the basket and the pick are bought together: baskets with both, and against chance."""

    item_id: str
    support: Annotated[int, Field(ge=0)]
    confidence: float
    lift: float
    title: NotRequired[str]


@with_config(_CLOSED)
class CoViewBody(TypedDict):
    """How often the item and the pick are viewed together: visits with both, and against chance."""

    item_id: str
    support: Annotated[int, Field(ge=0)]
    confidence: float
    lift: float
    title: NotRequired[str]


@with_config(_CLOSED)
class ReasonBody(TypedDict):
    """Why an item was picked."""

    because_of: NotRequired[list[CauseBody]]
    bought_together: NotRequired[list[CoPurchaseBody]]
    viewed_together: NotRequired[list[CoViewBody]]
    times_bought: NotRequired[int]
    days_since_last: NotRequired[float]
    sold_recently: NotRequired[float]


@with_config(_CLOSED)
class PickBody(TypedDict):
    """One answered item, with what the catalogue says of it; `available` comes with a ranked list only."""

    item_id: str
    score: float
    source: Source
    reason: NotRequired[ReasonBody]
    title: NotRequired[str]
    category: NotRequired[str]
    price: NotRequired[float]
    image_url: NotRequired[str]
    product_url: NotRequired[str]
    available: NotRequired[bool]


@with_config(_CLOSED)
class WarningBody(TypedDict):
    """A value of the request that can hardly be meant, by the name of its field."""

    field: str
    value: str
    message: str


@with_config(_CLOSED)
class AnswerBody(TypedDict):
    """Picks, best first; ids the version does not know; why the answer is not what was asked for, if so; what could not
    be reached, if anything: without the live store, an answer is the version's alone; what of the request can hardly be
    meant, if anything."""

    request_id: str
    model_version: str
    user_id: NotRequired[str]
    items: list[PickBody]
    missing_ids: list[str]
    fallback: Fallback | None
    degraded: NotRequired[list[Literal["live"]]]
    warnings: NotRequired[list[WarningBody]]


@with_config(_CLOSED)
class CleaningBody(TypedDict):
    """How many rows of the history were read, kept, or dropped for a reason."""

    reason: str
    rows: int


@with_config(_CLOSED)
class ModelBody(TypedDict):
    """A version: when and on what it was trained, with what, how well, and how long each step took (seconds).

    `core` is what the answers are computed by: machine code for a level of processor, or "numpy", several times slower.
    """

    version: str
    created: str
    format: int
    previous: str | None
    git_commit: str | None
    data: dict[str, Any]
    cleaning: list[CleaningBody]
    configuration: dict[str, Any]
    libraries: dict[str, str]
    metrics: dict[str, Any]
    seconds: dict[str, float]
    core: str


@with_config(_CLOSED)
class StatusBody(TypedDict):
    """That the service is up; once it has one, the version it serves; what it has to do without."""

    status: str
    model_version: NotRequired[str]
    degraded: NotRequired[list[str]]


def answer_bytes(  # noqa: PLR0913
    answer: Answer,
    request_id: str,
    model_version: str,
    user_id: str | None,
    *,
    degraded: bool = False,
    unknown_categories: tuple[str, ...] = (),
) -> bytes:
    """An answer as the JSON of an AnswerBody. `unknown_categories` are those of the request that no item is in."""
    body: dict[str, Any] = {"request_id": request_id, "model_version": model_version}
    if user_id is not None:
        body["user_id"] = user_id
    body["items"] = orjson.Fragment(b"[" + b",".join(_picks(answer)) + b"]")
    body["missing_ids"] = answer.missing_ids
    body["fallback"] = answer.fallback
    if degraded:
        body["degraded"] = [LIVE]
    if unknown_categories:
        body["warnings"] = [WarningBody(field="category", value=one, message=NO_ITEM) for one in unknown_categories]
    return orjson.dumps(body)


def model_body(manifest: Manifest, core: str) -> ModelBody:
    """What a version's manifest says, but for its files, and what answers from it."""
    return ModelBody(
        version=manifest.version,
        created=manifest.created,
        format=manifest.format,
        previous=manifest.previous,
        git_commit=manifest.git_commit,
        data=dict(manifest.data),
        cleaning=[CleaningBody(reason=reason, rows=rows) for reason, rows in manifest.cleaning],
        configuration=dict(manifest.configuration),
        libraries=dict(manifest.libraries),
        metrics=dict(manifest.metrics),
        seconds=dict(manifest.seconds),
        core=core,
    )


def _picks(answer: Answer) -> Iterator[bytes]:
    """Each pick as the JSON of a PickBody, put together around what the version has ready for its item."""
    shown, scored = answer.model.shown.encoded, answer.scored
    scores = orjson.dumps(scored.scores.tolist())[1:-1].split(b",")
    for place, item in enumerate(scored.items.tolist()):
        more = b"}"
        if answer.flagged:
            more = b',"available":%b}' % orjson.dumps(bool(answer.model.catalogue.available[item]))
        if answer.reasons:
            more = b',"reason":%b%b' % (orjson.dumps(_reason_body(answer.reasons[place])), more)
        yield b'{%b,"score":%b,"source":%b%b' % (shown(item), scores[place], _SOURCE[scored.sources[place]], more)
    for unseen in answer.explored:
        yield orjson.dumps({"item_id": unseen.item_id, **unseen.shown, "score": 0.0, "source": Source.NEW})


def _reason_body(reason: Reason) -> ReasonBody:
    known: Mapping[str, Any] = {
        "because_of": [_known_fields(cause) for cause in reason.because_of] or None,
        "bought_together": [_known_fields(pair) for pair in reason.bought_together] or None,
        "viewed_together": [_known_fields(pair) for pair in reason.viewed_together] or None,
        "times_bought": reason.times_bought,
        "days_since_last": reason.days_since_last,
        "sold_recently": reason.sold_recently,
    }
    return {name: value for name, value in known.items() if value is not None}  # type: ignore[return-value]


def _known_fields(cause: Cause | CoOccurrence) -> dict[str, Any]:
    return {name: value for name in cause.__slots__ if (value := getattr(cause, name)) is not None}
