"""What takes in events, changes of items and users' requests, and puts them into the live store."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import BoundedSemaphore
from time import time as now
from typing import Any

import orjson
from flask import Response
from pydantic import ValidationError

from artifacts.live.events import Event
from artifacts.live.store import LiveStore
from artifacts.model.half_lives import SECONDS_PER_DAY
from artifacts.model.model import Model
from artifacts.shared_limits import MAX_ID_CHARACTERS
from service.http.body import BODY
from service.http.errors import BusyError, FieldProblem, InvalidRequestError, NoModelError
from service.http.media_types import JSON
from service.http.parameters import field_problems
from service.limits import (
    MAX_EVENT_AGE_DAYS,
    MAX_EVENT_AHEAD_SECONDS,
    MAX_EVENT_PROBLEMS,
    MAX_LINES_NAMED,
    WRITER_SECONDS,
)
from service.live.answers import (
    ErasureBody,
    EventProblem,
    EventsBody,
    ItemsBody,
    LineProblem,
    PreferencesBody,
    item_body,
    user_data_body,
    utc_text,
)
from service.live.lines import chunks_of, read_lines
from service.live.schemas import EventBody, Events, ItemChange, Preferences, User
from service.state.live_connection import LiveConnection
from service.state.served_model import ServedModel
from service.telemetry.metrics import observe_live_events
from service.telemetry.observation import Record

NO_STORE = "private, no-store"


@dataclass(frozen=True, slots=True)
class LiveContext:
    """What a view writes to; `writers` bounds how many threads of this worker do so at once."""

    connection: LiveConnection
    served_model: ServedModel
    record: Record
    writers: BoundedSemaphore

    @property
    def store(self) -> LiveStore:
        """Raises NoLiveStoreError."""
        return self.connection.store

    @contextmanager
    def writing(self) -> Iterator[LiveStore]:
        """The store, for a thread whose turn it is to write: a slow disk must not hold all of them.

        Raises NoLiveStoreError and BusyError.
        """
        store = self.store
        if not self.writers.acquire(timeout=WRITER_SECONDS):
            raise BusyError("this many writes are not taken at once: try again")
        try:
            yield store
        finally:
            self.writers.release()


LiveView = Callable[[LiveContext, Any], Response]


def take_events(context: LiveContext, request: Events) -> Response:
    """Store what is valid: it is on the disk when this answers. Raises InvalidRequestError where nothing is."""
    batch = _read_batch(request.events, now())
    with context.writing() as store:
        stored = store.insert(batch.events) if batch.events else None
    duplicates: list[str] = []
    errors = batch.errors
    if stored is not None:
        duplicates = [batch.events[place].event_id for place in stored.duplicates]
        errors = sorted(
            [*errors, *(batch.before_erasure(place) for place in stored.erased)], key=lambda error: error["index"]
        )
        left_out = {*stored.duplicates, *stored.erased}
        observe_live_events(event.type for place, event in enumerate(batch.events) if place not in left_out)
    accepted = stored.accepted if stored else 0
    if not (accepted or duplicates):
        raise InvalidRequestError([FieldProblem(field=_named(error), message=error["message"]) for error in errors])
    body = EventsBody(request_id=context.record.request_id, accepted=accepted, duplicates=duplicates, errors=errors)
    return _answer(body, HTTPStatus.ACCEPTED)


def put_item(context: LiveContext, request: ItemChange) -> Response:
    """Change one item; answers what is said of it then."""
    with context.writing() as store:
        (item,) = store.put_items([request.update_of(request.item_id)])
    return _answer(item_body(item, context.record.request_id))


def put_items(context: LiveContext, lines: Iterable[bytes]) -> Response:
    """Change items line by line; each thousand, or mebibyte, of them is stored before the next is read.

    Raises InvalidRequestError where no line can be used.
    """
    accepted = refused = 0
    errors: list[LineProblem] = []
    for chunk in chunks_of(lines):
        updates, problems, bad = read_lines(chunk)
        if updates:
            with context.writing() as store:
                store.put_items(updates)
        accepted, refused = accepted + len(updates), refused + bad
        errors += problems[: MAX_LINES_NAMED - len(errors)]
    if not accepted:
        missing = FieldProblem(field=BODY, message="has no line")
        raise InvalidRequestError([_of_the_line(error) for error in errors] or [missing])
    return _answer(ItemsBody(request_id=context.record.request_id, accepted=accepted, refused=refused, errors=errors))


def erase_user(context: LiveContext, request: User) -> Response:
    """Forget a user."""
    with context.writing() as store:
        forgotten = store.erase(request.user_id)
    body = ErasureBody(
        request_id=context.record.request_id,
        erased_at=utc_text(forgotten.erasure.time),
        events_deleted=forgotten.events,
    )
    return _answer(body)


def get_user_data(context: LiveContext, request: User) -> Response:
    """All data of a user."""
    held = context.store.held(request.user_id)
    return _answer(user_data_body(request.user_id, held, _served(context.served_model), context.record.request_id))


def put_preferences(context: LiveContext, request: Preferences) -> Response:
    """Keep what a user wants."""
    with context.writing() as store:
        store.set_personalized(request.user_id, request.personalized)
    body = PreferencesBody(
        request_id=context.record.request_id, user_id=request.user_id, personalized=request.personalized
    )
    return _answer(body)


@dataclass(frozen=True)
class _Batch:
    """The valid events with their places in the list that came, and what is wrong with the others."""

    events: list[Event] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    errors: list[EventProblem] = field(default_factory=list)

    def before_erasure(self, place: int) -> EventProblem:
        """What is wrong with a valid event that happened before its user was forgotten."""
        return EventProblem(
            index=self.places[place],
            event_id=self.events[place].event_id,
            field="time",
            message="is from before this user's data was erased",
        )


def _read_batch(raws: Sequence[Any], moment: float) -> _Batch:
    batch = _Batch()
    for index, raw in enumerate(raws):
        try:
            event = EventBody.model_validate(raw).event()
            problems = _untimely(event, moment)
        except ValidationError as error:
            problems = field_problems(error)[:MAX_EVENT_PROBLEMS]
        if not problems:
            batch.events.append(event)
            batch.places.append(index)
        batch.errors.extend(_event_problem(index, raw, problem) for problem in problems)
    return batch


def _untimely(event: Event, moment: float) -> list[FieldProblem]:
    """What is wrong with an event's time, `moment` being now, in Unix seconds."""
    message = None
    if event.time > moment + MAX_EVENT_AHEAD_SECONDS:
        message = f"is more than {MAX_EVENT_AHEAD_SECONDS} seconds in the future"
    elif event.time < moment - MAX_EVENT_AGE_DAYS * SECONDS_PER_DAY:
        message = f"is more than {MAX_EVENT_AGE_DAYS} days ago: older events belong in the data that is trained on"
    return [FieldProblem(field="time", message=message)] if message else []


def _event_problem(index: int, raw: Any, problem: FieldProblem) -> EventProblem:
    named = EventProblem(index=index, field=problem["field"], message=problem["message"])
    event_id = raw.get("event_id") if isinstance(raw, dict) else None
    if isinstance(event_id, str) and len(event_id) <= MAX_ID_CHARACTERS:
        named["event_id"] = event_id
    return named


def _named(error: EventProblem) -> str:
    """The field's name within the whole body."""
    event = f"events[{error['index']}]"
    return event if error["field"] == BODY else f"{event}.{error['field']}"


def _of_the_line(error: LineProblem) -> FieldProblem:
    return FieldProblem(field=f"line {error['line']}: {error['field']}", message=error["message"])


def _served(served_model: ServedModel) -> Model | None:
    try:
        return served_model.served.model
    except NoModelError:
        return None


def _answer(body: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(body), status, [("Content-Type", JSON), ("Cache-Control", NO_STORE)])
