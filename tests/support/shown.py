"""Answers and outputs as pages show them: whether a real one is the same, and how a page would show it."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

WIDTH = 120
# Different each time, or each day.
OWN = {"request_id", "model_version", "version", "created", "previous", "time", "received_at", "erased_at"}
OF_THE_DAY = {"first", "last", "from", "to"}
NOT_SHOWN = {"category", "image_url", "product_url"}  # of a pick
CLOSE = 0.1  # scores follow the hour
ELLIPSIS = "…"


def parse(text: str) -> list[Any]:
    """The answers in a text: one over several lines, or one a line."""
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]


def differences(shown: Any, got: Any, name: str = "answer") -> Iterator[str]:
    """What a page shows that a real answer has not: keys, ids, sources, fallbacks, texts, and numbers but for a little.

    A list of picks is shown whole; of another one there may be more than is shown.
    """
    if name in OWN | OF_THE_DAY:
        return
    if isinstance(shown, dict) and isinstance(got, dict):
        for key, value in shown.items():
            if key in got:
                yield from differences(value, got[key], key)
            else:
                yield f"{name} has no {key}"
    elif isinstance(shown, list) and isinstance(got, list):
        pairs = paired(shown, got)
        if len(pairs) < len(shown) or (is_picks(got) and len(got) != len(shown)):
            yield f"{name}: {len(got)} instead of {len(shown)}"
        for one, other in pairs:
            yield from differences(one, other, f"one of {name}")
    elif not _same(shown, got):
        yield f"{name}: {got!r} instead of {shown!r}"


def _same(shown: Any, got: Any) -> bool:
    if isinstance(shown, float) and isinstance(got, int | float):
        return math.isclose(shown, got, rel_tol=CLOSE, abs_tol=0.005)
    return bool(shown == got)


def paired(shown: list[Any], got: list[Any]) -> list[tuple[Any, Any]]:
    """What is shown of a list beside what it is of: by reason where rows have one, else the first."""
    if shown and isinstance(shown[0], dict) and "rows" in shown[0]:
        rows = {row["reason"]: row for row in got}
        return [(row, rows[row["reason"]]) for row in shown if row["reason"] in rows]
    return list(zip(shown, got, strict=False))


def is_picks(got: list[Any]) -> bool:
    return bool(got) and isinstance(got[0], dict) and "score" in got[0]


def as_shown(shown: Any, got: Any, name: str = "answer") -> Any:
    """A real answer, cut to what the page shows of such a one."""
    if isinstance(got, dict):
        if "score" in got or name == "reason":
            kept = {key: value for key, value in got.items() if key not in NOT_SHOWN}
            return {key: as_shown(None, value, key) for key, value in kept.items()}
        keys = shown if isinstance(shown, dict) else got
        return {key: as_shown(shown and shown.get(key), got[key], key) for key in keys if key in got}
    if isinstance(got, list):
        if is_picks(got) or not isinstance(shown, list):
            return [as_shown(None, value, name) for value in got]
        return [as_shown(one, other, name) for one, other in paired(shown, got)]
    if name == "request_id" and isinstance(got, str):
        return got[:8] + ELLIPSIS
    return round(got, 4) if isinstance(got, float) else got


def pretty(value: Any, indent: int = 0, used: int = 0) -> str:
    """JSON on as few lines as fit, `used` of the first being taken: a container that does not is broken between its own
    members."""
    line = json.dumps(value, ensure_ascii=False)
    if indent + used + len(line) < WIDTH or not isinstance(value, dict | list) or not value:
        return line
    if isinstance(value, list):
        pad = " " * (indent + 2)
        return "[\n" + ",\n".join(pad + pretty(element, indent + 2) for element in value) + "]"
    members = [f'"{key}": {pretty(element, indent + 1, len(key) + 4)}' for key, element in value.items()]
    lines = [members[0]]
    for member in members[1:]:
        if "\n" not in lines[-1] + member and indent + len(lines[-1]) + len(member) + 4 < WIDTH:
            lines[-1] += f", {member}"
        else:
            lines.append(member)
    return "{" + (",\n" + " " * (indent + 1)).join(lines) + "}"


def page_of(shown: str, got: str) -> str:
    """What a page shows for an answer, in place of what it shows now."""
    answers = [as_shown(one, other) for one, other in zip(parse(shown), parse(got), strict=True)]
    if len(answers) > 1:
        return "".join(json.dumps(answer, ensure_ascii=False) + "\n" for answer in answers)
    return pretty(answers[0]) + "\n"


def output_of(shown: str, got: str) -> tuple[str, list[str]]:
    """An output's own lines in place of those that a page shows of it, and those that it has not.

    Lines are the same but for numbers, times, hashes and what stands between them.
    """
    ahead = iter(got.splitlines())
    lines, missing = [], []
    for line in shown.splitlines():
        if not line.strip() or ELLIPSIS in line:
            lines.append(line)
            continue
        found = next((other for other in ahead if _words(other) == _words(line)), None)
        lines.append(line if found is None else found)
        if found is None:
            missing.append(line)
            ahead = iter(got.splitlines())
    return "".join(line + "\n" for line in lines), missing


def _words(line: str) -> str:
    line = re.sub(r"\b\d{8}T\d{6}Z-[0-9a-f]{8}\b", "VERSION", line)
    return re.sub(r"\s+", " ", re.sub(r"[-+]?\d[\d,.:-]*", "N", line)).strip()
