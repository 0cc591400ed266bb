"""What schemathesis has to be told: how a stream of lines is read."""

import json
from typing import Any

import schemathesis


@schemathesis.deserializer("application/x-ndjson")
def first_line(context: Any, response: Any) -> Any:
    """The document describes one line, and all lines are alike."""
    return json.loads(response.content.partition(b"\n")[0])
