"""SQLite connections, kept to see which are still open: where nobody keeps them, CPython closes them all too soon."""

import sqlite3
from typing import Any

import pytest


class Connections:
    """Every connection that is made by a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._made: list[sqlite3.Connection] = []
        connect = sqlite3.connect

        def keep(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            self._made.append(connect(*args, **kwargs))
            return self._made[-1]

        for module in (sqlite3, sqlite3.dbapi2):  # the latter is SQLAlchemy's
            monkeypatch.setattr(module, "connect", keep)

    @property
    def made(self) -> int:
        """How many there were."""
        return len(self._made)

    @property
    def open(self) -> int:
        """How many are not closed."""
        return sum(map(_is_open, self._made))


def _is_open(connection: sqlite3.Connection) -> bool:
    try:
        return connection.total_changes >= 0
    except sqlite3.ProgrammingError:
        return False
