"""What is asked for under load: thousands of different requests of a kind, and the check of every answer."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

from benchmarks.part import BenchError
from benchmarks.server import DEADLINE_SECONDS, Server

ITEMS = 10  # the default `limit`


@dataclass(frozen=True)
class Request:
    """A request of a target, percent-encoded; a POST of a JSON body where there is one."""

    target: str
    body: str = ""

    @property
    def method(self) -> str:
        return "POST" if self.body else "GET"


@dataclass(frozen=True)
class Reply:
    """A whole response."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def n_items(self) -> int:
        """How many items it holds; -1 where it is no answer."""
        return len(json.loads(self.body)["items"]) if self.status == 200 else -1


@dataclass(frozen=True)
class Workload:
    """Requests of a kind that is named, each of which has ITEMS items to be answered with."""

    name: str
    requests: Sequence[Request]

    def save(self, directory: Path) -> Path:
        """Write the file that load.lua reads."""
        path = directory / "requests.tsv"
        lines = (f"{request.method}\t{request.target}\t{request.body}\n" for request in self.requests)
        path.write_text("".join(lines), encoding="utf-8")
        return path


def user_target(user_id: str, query: str = "") -> str:
    """The target of a user's picks."""
    return f"/v1/users/{quote(user_id, safe='')}/recommendations{query}"


def check(server: Server, workload: Workload) -> Reply:
    """Ask for everything once; answers the response of median length.

    Raises BenchError for the first answer without ITEMS items.
    """
    replies = []
    for request, reply in _ask_all(server, workload):
        if reply.n_items != ITEMS:
            raise BenchError(
                f"{workload.name}: {request.method} {request.target} {request.body} was answered {reply.status} with "
                f"{reply.n_items} items, not {ITEMS}"
            )
        replies.append(reply)
    return sorted(replies, key=lambda reply: len(reply.body))[len(replies) // 2]


def count_short(server: Server, workload: Workload) -> int:
    """Ask for everything once and count the answers that do not have ITEMS items."""
    return sum(reply.n_items != ITEMS for _, reply in _ask_all(server, workload))


def _ask_all(server: Server, workload: Workload) -> Iterator[tuple[Request, Reply]]:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_SECONDS)) as connection:
        for request in workload.requests:
            headers = {"Content-Type": "application/json"} if request.body else {}
            connection.request(request.method, request.target, request.body.encode() or None, headers)
            response = connection.getresponse()
            yield request, Reply(response.status, tuple(response.getheaders()), response.read())
