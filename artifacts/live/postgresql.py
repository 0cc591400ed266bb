"""The live store on a PostgreSQL server, which several hosts share."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from threading import Thread
from time import monotonic
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg import errors
from psycopg.abc import PQGen

from artifacts.live.address import LiveAddress
from artifacts.live.database import Database, Patience, Row
from artifacts.live.errors import LiveFullError, LiveTimeoutError, LiveUnavailableError
from artifacts.redaction import scrubbed

Value = TypeVar("Value")

UPGRADE_LOCK = 0x4169736C65  # "Aisle": any number that no other program takes for a lock
ENCODING = "UTF8"
CONNECT_SECONDS = 5  # libpq's own, for an attempt that nobody waits for any more
_TIMEOUTS = (
    errors.ConnectionTimeout,
    errors.QueryCanceled,
    errors.LockNotAvailable,
    errors.IdleInTransactionSessionTimeout,
    errors._WaitTimeout,  # what Connection.wait says it raises
)


class _Connection(psycopg.Connection[Any]):
    """Gives up at `deadline` (of the monotonic clock), even when the server is silent, and is closed then."""

    deadline = float("inf")

    def wait(self, gen: PQGen[Value], interval: float = 0.1, timeout: float | None = None) -> Value:
        left = max(0.0, self.deadline - monotonic())
        try:
            return super().wait(gen, interval, left if timeout is None else timeout)
        except errors._WaitTimeout:
            self.close()
            raise


class PostgresqlDatabase(Database):
    """A database on a server; the tables lie in the first schema of its search path."""

    driver_errors = (psycopg.Error,)
    value_errors = (psycopg.DataError, psycopg.IntegrityError)

    def __init__(self, address: LiveAddress, patience: Patience) -> None:
        engine = sa.create_engine(
            address.url,
            creator=self._open_for_writes,
            poolclass=sa.QueuePool,
            pool_size=1,
            hide_parameters=True,
            use_native_hstore=False,
        )
        super().__init__(address.name, patience, engine)
        self._url = address.url
        _, self._arguments = engine.dialect.create_connect_args(address.url)

    def prepare_file(self, create: bool) -> None:
        """There is no file: what is lost is connections."""
        self.forget_connections()

    def explained(self, error: BaseException) -> LiveUnavailableError:
        if isinstance(error, LiveUnavailableError):
            return error
        if isinstance(error, _TIMEOUTS):
            return LiveTimeoutError(f"{self.name}: no answer in time")
        if isinstance(error, errors.DiskFull):
            return LiveFullError(f"{self.name}: its disk is full")
        state = getattr(error, "sqlstate", None)
        # With a state it speaks of a statement, and may quote its values.
        cause = f"{type(error).__name__} ({state})" if state else scrubbed(" ".join(str(error).split()), self._url)
        return LiveUnavailableError(f"{self.name}: {cause}")

    def begin_upgrade(self, connection: sa.Connection) -> None:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
        if encoding != ENCODING:
            raise LiveUnavailableError(f"{self.name}: its encoding is {encoding}, and ids need {ENCODING}")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(UPGRADE_LOCK)))

    def _arm(self, connection: Any, seconds: float) -> None:
        connection.deadline = monotonic() + seconds

    def _was_stale(self, connection: Any) -> bool:
        """A server that was restarted closed it; one that is silent has not."""
        return bool(connection.closed) and monotonic() < connection.deadline

    def _may_retry(self, error: sa.exc.DBAPIError) -> bool:
        return not isinstance(error.orig, _TIMEOUTS)

    def _open(self, seconds: float) -> _Connection:
        connection = self._connect(seconds)
        connection.autocommit = True
        return connection

    def _rows_of_each(self, connection: Any, text: str, parameters: Sequence[Mapping[str, Any]]) -> list[list[Row]]:
        """All are sent before the first is answered."""
        with connection.cursor() as cursor:
            cursor.executemany(text, parameters, returning=True)
            return [of_one.fetchall() for of_one in cursor.results()]

    def _open_for_writes(self) -> _Connection:
        return self._connect(self.patience.write)

    def _connect(self, seconds: float) -> _Connection:
        """Connect within `seconds`. libpq itself waits two seconds at least, and for names for ever."""
        opened: Future[_Connection] = Future()
        Thread(target=_fulfil, args=(opened, self._arguments, self.patience), daemon=True).start()
        try:
            return opened.result(seconds)
        except TimeoutError:
            opened.add_done_callback(_close)
            raise errors.ConnectionTimeout("no connection in time") from None


def _fulfil(opened: Future[_Connection], arguments: Mapping[str, Any], patience: Patience) -> None:
    try:
        connection = _Connection.connect(**{"connect_timeout": CONNECT_SECONDS, **arguments})
    except BaseException as error:  # whatever it is, it is the waiting thread's
        opened.set_exception(error)
        return
    try:
        _limit(connection, patience)
    except BaseException as error:
        connection.close()
        opened.set_exception(error)
    else:
        opened.set_result(connection)


def _limit(connection: _Connection, patience: Patience) -> None:
    """Have the server, too, end what nobody waits for, so that a stopped process holds up no other for long."""
    connection.deadline = monotonic() + CONNECT_SECONDS
    milliseconds = f"{round(patience.write * 1000)}ms"
    connection.execute(
        "SELECT set_config('statement_timeout', %(time)s, false), set_config('lock_timeout', %(time)s, false), "
        "set_config('idle_in_transaction_session_timeout', %(time)s, false), "
        "set_config('synchronous_commit', 'on', false)",
        {"time": milliseconds},
    )
    connection.commit()
    connection.deadline = monotonic() + patience.write


def _close(opened: Future[_Connection]) -> None:
    """Nobody waited for it."""
    if opened.exception() is None:
        opened.result().close()
