"""The live store in a file: SQLite in WAL mode, each commit on the disk before it returns."""

import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from artifacts.live.address import LiveAddress
from artifacts.live.database import Database, Patience, Row
from artifacts.live.errors import (
    LiveBrokenError,
    LiveFullError,
    LiveGoneError,
    LiveTimeoutError,
    LiveUnavailableError,
)
from artifacts.live.turns import Turns

_ERRORS: dict[int, type[LiveUnavailableError]] = {
    sqlite3.SQLITE_BUSY: LiveTimeoutError,
    sqlite3.SQLITE_LOCKED: LiveTimeoutError,
    sqlite3.SQLITE_FULL: LiveFullError,
    sqlite3.SQLITE_CANTOPEN: LiveGoneError,
    sqlite3.SQLITE_CORRUPT: LiveBrokenError,
    sqlite3.SQLITE_NOTADB: LiveBrokenError,
}
_PRIMARY_CODE = 0xFF  # the low byte of an extended result code
_SETTINGS = ("PRAGMA synchronous = FULL", "PRAGMA secure_delete = ON")  # what is erased is overwritten
RETRY_SECONDS = 0.01


class SqliteDatabase(Database):
    """A file that several processes of one machine share."""

    driver_errors = (sqlite3.Error,)
    value_errors = (sqlite3.DataError, sqlite3.IntegrityError)

    def __init__(self, address: LiveAddress, patience: Patience) -> None:
        # A dialect of its own for parameters by name, which the driver takes and keeps prepared.
        engine = sa.create_engine(
            address.url,
            creator=self._open_for_writes,
            paramstyle="named",
            poolclass=sa.QueuePool,
            pool_size=1,
            hide_parameters=True,
        )
        # The driver would begin by itself, and late: a transaction that reads first could not always go on to write.
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        super().__init__(address.name, patience, engine)
        self._path = address.path or Path()
        self._file: tuple[int, int] | None = None
        self._turns = Turns(address.name, self._path)

    def prepare_file(self, create: bool) -> None:
        """Switch the file to WAL mode; with `create`, make it where there is none. Raises LiveUnavailableError."""
        self.forget_connections()
        self._file = None
        deadline = time.monotonic() + self.patience.write
        try:
            connection = self._connect("rwc" if create else "rw", self.patience.write)
            try:
                self._use_wal(connection, deadline)
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise self.explained(error) from None
        self._file = self._identity()
        self._turns.open()

    def forget_connections(self) -> None:
        super().forget_connections()
        self._turns.close()

    def close(self) -> None:
        """One process after another: of those that close at once, each finds the others', and none is the last, which
        folds the log into the file."""
        with suppress(LiveTimeoutError), self._turn():
            super().forget_connections()
        self.forget_connections()

    def explained(self, error: BaseException) -> LiveUnavailableError:
        if isinstance(error, LiveUnavailableError):
            return error
        code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
        return _ERRORS.get(code, LiveUnavailableError)(f"{self.name}: {error}")

    def begin_upgrade(self, connection: sa.Connection) -> None:
        """The transaction is the only one that writes already."""

    def _check(self) -> None:
        """A file that was removed, or replaced by another, can still be written to, and all of it would be lost."""
        if self._identity() != self._file:
            raise LiveGoneError(f"{self.name}: the file is gone, or is another one")

    def _identity(self) -> tuple[int, int]:
        try:
            found = os.stat(self._path)  # noqa: PTH116  # on the way of every look-up
        except OSError as error:
            raise LiveGoneError(f"{self.name}: {error.strerror}") from None
        return found.st_dev, found.st_ino

    def _open(self, seconds: float) -> Any:
        """SQLite's waits for locks only, on every read: they take no longer than a read may."""
        return self._connect("rw", self.patience.read, "PRAGMA query_only = ON")

    def _turn(self) -> AbstractContextManager[None]:
        return self._turns.turn(self.patience.write)

    def _rows_of_each(self, connection: Any, text: str, parameters: Sequence[Mapping[str, Any]]) -> list[list[Row]]:
        return [connection.execute(text, of_one).fetchall() for of_one in parameters]

    def _open_for_writes(self) -> sqlite3.Connection:
        return self._connect("rw", self.patience.write)

    def _connect(self, mode: str, seconds: float, *settings: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self._path))}?mode={mode}",
            uri=True,
            timeout=seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            for setting in (*_SETTINGS, *settings):
                connection.execute(setting)
        except BaseException:  # of a file that is no database the first statement tells
            connection.close()
            raise
        return connection

    def _use_wal(self, connection: sqlite3.Connection, deadline: float) -> None:
        """SQLite does not wait by itself where two processes switch a new file at the same time."""
        while True:
            try:
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            except sqlite3.OperationalError as error:
                if not isinstance(self.explained(error), LiveTimeoutError) or time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_SECONDS)
                continue
            if mode != "wal":
                raise LiveUnavailableError(f"{self.name}: the file system cannot hold a database in WAL mode")
            return
