"""Whether the service can listen where it is told to: `python -m service.port make run`, before there is anything else.

It needs Python alone: `make` asks it before it sets up or trains.
"""

import errno
import os
import socket
import sys
from collections.abc import Mapping

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
MAX_PORT = 65535
FAILURE = 2
_TRIED = 100  # ports, for one to propose


def whole_number(text: str, low: int, high: int) -> int | None:
    """The number that a setting's text is; None where it is none from `low` to `high`."""
    if text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high:
        return int(text)
    return None


def problem(environ: Mapping[str, str], command: str) -> str | None:
    """Why the service cannot listen at `HOST` and `PORT`, and what to do, `command` being what was called."""
    host, text = environ.get("HOST") or DEFAULT_HOST, environ.get("PORT") or str(DEFAULT_PORT)
    port = whole_number(text, 0, MAX_PORT)
    if port is None:
        return f"PORT={text!r} is not a whole number from 0 to {MAX_PORT}"
    try:
        _bind(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return (
                f"port {port} of {host} is taken by another program; choose another: {command} PORT={_free(host, port)}"
            )
        if error.errno == errno.EACCES:
            return f"port {port} is not for this user; choose another: {command} PORT={DEFAULT_PORT}"
        return f"HOST={host!r} is no address of this machine: {error.strerror}"
    return None


def _bind(host: str, port: int) -> None:
    """Take the port as gunicorn does, for a moment. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)


def _free(host: str, taken: int) -> int:
    """The next port that is free, as far as is looked."""
    for port in range(taken + 1, min(taken + _TRIED, MAX_PORT) + 1):
        try:
            _bind(host, port)
        except OSError:
            continue
        return port
    return DEFAULT_PORT


if __name__ == "__main__":
    found = problem(os.environ, " ".join(sys.argv[1:]))
    if found is not None:
        print(found, file=sys.stderr)
        sys.exit(FAILURE)
