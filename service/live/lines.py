"""Changes of items as lines of JSON: some thousand at a time, each taken or refused for itself."""

from collections.abc import Iterable, Iterator, Sequence

from pydantic import ValidationError

from artifacts.live.items import ItemUpdate
from service.http.body import BODY
from service.http.json_parts import has_more_parts
from service.http.parameters import field_problems, too_many_parts
from service.limits import LINES_BYTES_AT_ONCE, MAX_EVENT_PROBLEMS, MAX_LINE_BYTES, MAX_LINE_PARTS
from service.live.answers import LineProblem
from service.live.schemas import ItemLine

LINES_AT_ONCE = 1_000  # one transaction each


def chunks_of(lines: Iterable[bytes]) -> Iterator[list[tuple[int, bytes]]]:
    """Numbered lines, as many as are stored together."""
    chunk: list[tuple[int, bytes]] = []
    n_bytes = 0
    for number, line in enumerate(lines, 1):
        chunk.append((number, line))
        n_bytes += len(line)
        if len(chunk) == LINES_AT_ONCE or n_bytes >= LINES_BYTES_AT_ONCE:
            yield chunk
            chunk, n_bytes = [], 0
    if chunk:
        yield chunk


def read_lines(chunk: Sequence[tuple[int, bytes]]) -> tuple[list[ItemUpdate], list[LineProblem], int]:
    """The changes in numbered lines, what is wrong with the others, and how many those are; empty lines are none."""
    updates: list[ItemUpdate] = []
    errors: list[LineProblem] = []
    bad = 0
    for number, line in chunk:
        if not line.strip():
            continue
        if too_much := _beyond_an_item(line):
            bad += 1
            errors.append(LineProblem(line=number, field=BODY, message=too_much))
            continue
        try:
            item = ItemLine.model_validate_json(line)
            updates.append(item.update_of(item.item_id))
        except ValidationError as error:
            bad += 1
            errors += (
                LineProblem(line=number, field=problem["field"], message=problem["message"])
                for problem in field_problems(error)[:MAX_EVENT_PROBLEMS]
            )
    return updates, errors, bad


def _beyond_an_item(line: bytes) -> str | None:
    """What a line has more of than any item's, seen without reading it."""
    if len(line) > MAX_LINE_BYTES:
        return f"has more than {MAX_LINE_BYTES} bytes"
    return too_many_parts(MAX_LINE_PARTS) if has_more_parts(line, MAX_LINE_PARTS) else None
