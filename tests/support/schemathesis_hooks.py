"""What schemathesis has to be told: how a stream of lines is read and written, and which times are events' times."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import schemathesis
from hypothesis import strategies


@schemathesis.deserializer("application/x-ndjson")
def first_line(context: Any, response: Any) -> Any:
    """The document describes one line, and all lines are alike."""
    return json.loads(response.content.partition(b"\n")[0])


@schemathesis.serializer("application/x-ndjson")
def one_line(context: Any, value: Any) -> bytes:
    """The document describes one line of a body, too."""
    return json.dumps(value).encode()


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """No schema says that the greater of two prices is the upper bound."""
    return not any(map(_upside_down, (case.query, case.body)))


def _upside_down(fields: Any) -> bool:
    if not isinstance(fields, dict) or not {"min_price", "max_price"} <= fields.keys():
        return False
    try:
        return float(fields["min_price"]) > float(fields["max_price"])
    except (TypeError, ValueError):
        return False


# The document says "date-time", and no more: which are of the last days, no schema can say.
schemathesis.openapi.format(
    "date-time",
    strategies.integers(1, 60 * 24 * 20).map(
        lambda minutes: (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="seconds")
    ),
)
