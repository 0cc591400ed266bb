"""A client of Aisle's HTTP API: one file, with nothing but Python's own library.

>>> aisle = Aisle("https://shop.example/recs", key="aisle_…")
>>> picks = aisle.get("v1", "items", "A/1", "cross-sell", limit=4)["items"]
"""

import json
import time
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

RETRIES = 2
MAX_WAIT_SECONDS = 5.0


class AisleError(Exception):
    """What the service answered in place of what was asked for (RFC 9457): `errors` names each bad field, `retry_after`
    is in seconds. `status` is 0 where no answer came."""

    def __init__(self, status: int, told: dict[str, Any], retry_after: float | None = None) -> None:
        self.status, self.detail, self.retry_after = status, str(told.get("detail", "")), retry_after
        self.errors, self.request_id = told.get("errors", []), told.get("request_id")
        super().__init__(f"{status}: {self.detail}")


class Aisle:
    """Asks the service at `url`, which may have a path; `timeout` is in seconds, of connecting and of each wait."""

    def __init__(self, url: str, key: str | None = None, timeout: float = 2.0) -> None:
        self.url, self.timeout = url.rstrip("/"), timeout
        self.headers = {"Accept": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}

    def get(self, *path: str, **query: Any) -> Any:
        """What is at a path, given by its parts: ids as they are. A list in `query` repeats the parameter, None is left
        out."""
        given = {name: value for name, value in query.items() if value is not None}
        sent = {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}
        return self._read(self._request("GET", path, urlencode(sent, doseq=True)))

    def post(self, *path: str, **body: Any) -> Any:
        """What is answered to a body that only asks, as for a session or a basket."""
        return self._read(self._request("POST", path, body=body))

    def send_events(self, events: list[dict[str, Any]]) -> Any:
        """Tell what users and visitors did. Each event has an `event_id` of the shop's own, as an order's number and
        line: one that is sent again counts once, so that what failed may be sent again."""
        return self._send(self._request("POST", ("v1", "events"), body={"events": events}))

    def _request(self, method: str, path: tuple[str, ...], query: str = "", body: Any = None) -> Request:
        url = "/".join([self.url, *(quote(part, safe="") for part in path)])
        data = None if body is None else json.dumps(body).encode()
        headers = self.headers | ({"Content-Type": "application/json"} if body is not None else {})
        return Request(f"{url}?{query}" if query else url, data, headers, method=method)  # noqa: S310

    def _read(self, request: Request) -> Any:
        """Ask again, a little later, where the service says that it cannot answer just now."""
        for _ in range(RETRIES):
            try:
                return self._send(request)
            except AisleError as problem:
                if problem.status != 503 or problem.retry_after is None:
                    raise
                time.sleep(min(problem.retry_after, MAX_WAIT_SECONDS))
        return self._send(request)

    def _send(self, request: Request) -> Any:
        try:
            with urlopen(request, timeout=self.timeout) as response:  # noqa: S310
                return json.load(response)
        except HTTPError as error:
            raise _problem(error) from None
        except (OSError, HTTPException, ValueError) as error:
            raise AisleError(0, {"detail": f"no answer: {error}"}) from error


def _problem(error: HTTPError) -> AisleError:
    try:
        told = json.load(error)
    except ValueError:  # a proxy's own page
        told = {"detail": error.reason}
    wait = error.headers.get("Retry-After", "")
    return AisleError(error.code, told, float(wait) if wait.isdecimal() else None)
