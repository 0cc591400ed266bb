"""How the live store's database is reached: reads that cost little, and writes that are one transaction each."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

import sqlalchemy as sa

from artifacts.live.errors import LiveError, LiveTimeoutError, LiveUnavailableError, LiveValueError
from artifacts.live.sound_rows import Skipped

Result = TypeVar("Result")
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Patience:
    """Seconds after which a read, or a write, is given up. A read may be in the way of a request."""

    read: float = 0.25
    write: float = 2.0


class Database(ABC):
    """A database of the live store. It may be used by many threads, after the fork of a worker and not before.

    Reads run on driver connections of their own, kept open and committing by themselves: there is one for every thread
    that reads at the same time. Writes go one at a time in each process, since the database takes one at a time too.
    """

    def __init__(self, name: str, patience: Patience, engine: sa.Engine) -> None:
        self.name = name
        self.patience = patience
        self.skipped = Skipped()
        self._engine = engine
        self._idle: list[Any] = []
        self._texts: dict[sa.Executable, str] = {}
        self._writing = Lock()

    def read(self, statement: sa.Executable, parameters: Mapping[str, Any], patient: bool = False) -> list[Row]:
        """The rows of a statement that is defined once and for all. `patient`, they may take as long as a write, and it
        is looked whether the database is the same: somebody has to, now and then, as others do not wait for that.

        Raises LiveUnavailableError.
        """
        if patient:
            self._check()
        text = self._text(statement)
        seconds = self.patience.write if patient else self.patience.read
        idle = self._idle
        try:
            connection = idle.pop()
        except IndexError:
            return self._rows(idle, self._opened(seconds), text, parameters, seconds)
        try:
            return self._rows(idle, connection, text, parameters, seconds)
        except LiveUnavailableError:
            if not self._was_stale(connection):
                raise
        self.forget_connections()
        return self._rows(self._idle, self._opened(seconds), text, parameters, seconds)

    def write(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Run `work` as one transaction, durable when this returns. It may be run twice, so that a connection that was
        lost while idle is no failure.

        Raises LiveUnavailableError, after which nothing of it is stored, or all of it, and LiveValueError.
        """
        if not self._writing.acquire(timeout=self.patience.write):
            raise LiveTimeoutError(f"{self.name}: other writes take too long")
        try:
            with self._turn():
                return self._retried(work)
        except sa.exc.SQLAlchemyError as error:
            raise self._failure(_cause(error)) from None
        except self.driver_errors as error:
            raise self._failure(error) from None
        finally:
            self._writing.release()

    def rows_of_each(
        self, connection: sa.Connection, statement: sa.Executable, parameters: Sequence[Mapping[str, Any]]
    ) -> list[list[Row]]:
        """The rows that a statement, defined once and for all, answers for each of the parameters, within a transaction
        whose first statement was another: a connection that is lost is found by that.

        It goes past SQLAlchemy, in which a statement takes longer than in the database. Raises `driver_errors`.
        """
        return self._rows_of_each(connection.connection.driver_connection, self._text(statement), parameters)

    def forget_connections(self) -> None:
        """Close all connections that nobody uses now, and have those in use not used again."""
        idle, self._idle = self._idle, []
        self._close(idle)
        self._engine.dispose()

    def close(self) -> None:
        """Close all connections that nobody uses now, for good."""
        self.forget_connections()

    @property
    @abstractmethod
    def driver_errors(self) -> tuple[type[Exception], ...]:
        """What the driver raises."""

    @property
    @abstractmethod
    def value_errors(self) -> tuple[type[Exception], ...]:
        """Those of them that are about a value."""

    @abstractmethod
    def prepare_file(self, create: bool) -> None:
        """Make the database fit to be connected to. Raises LiveUnavailableError."""

    @abstractmethod
    def explained(self, error: BaseException) -> LiveUnavailableError:
        """A driver's error as the store's own, without any value of a row."""

    @abstractmethod
    def begin_upgrade(self, connection: sa.Connection) -> None:
        """See that the database is fit, and wait in the transaction until no other process upgrades the tables.

        Raises LiveUnavailableError.
        """

    @abstractmethod
    def _open(self, seconds: float) -> Any:
        """A driver's connection for reads, which may take `seconds` to come."""

    @abstractmethod
    def _rows_of_each(self, connection: Any, text: str, parameters: Sequence[Mapping[str, Any]]) -> list[list[Row]]:
        """The rows that a text answers for each of the parameters, on a driver's connection."""

    def _check(self) -> None:  # noqa: B027  # of a server there is nothing to check beforehand
        """Raise LiveUnavailableError where the database is known to be gone."""

    def _turn(self) -> AbstractContextManager[None]:
        """Held while this process writes: others that share the database are given their turn."""
        return nullcontext()

    def _arm(self, connection: Any, seconds: float) -> None:  # noqa: B027  # SQLite's only wait is for locks
        """Have a driver's connection give up what it does in `seconds`."""

    def _was_stale(self, connection: Any) -> bool:
        """Whether a connection that failed had been lost before it was used."""
        return False

    def _may_retry(self, error: sa.exc.DBAPIError) -> bool:
        """Whether a transaction whose connection broke may find a better one."""
        return False

    def _opened(self, seconds: float) -> Any:
        try:
            return self._open(seconds)
        except self.driver_errors as error:
            raise self.explained(error) from None

    def _rows(
        self, idle: list[Any], connection: Any, text: str, parameters: Mapping[str, Any], seconds: float
    ) -> list[Row]:
        """The rows; the connection is among the idle ones again afterwards, or closed."""
        try:
            self._arm(connection, seconds)
            rows: list[Row] = connection.execute(text, parameters).fetchall()
        except BaseException as error:
            with suppress(*self.driver_errors):
                connection.close()
            if isinstance(error, self.driver_errors):
                raise self.explained(error) from None
            raise
        idle.append(connection)
        if idle is not self._idle:  # forgotten meanwhile
            self._close(idle)
        return rows

    def _close(self, idle: list[Any]) -> None:
        while idle:
            with suppress(IndexError, *self.driver_errors):
                idle.pop().close()

    def _failure(self, error: BaseException) -> LiveError:
        """The error of a write. What could not be written with one connection, the next may: SQLite opens a file for
        reading alone where it may not write to it then."""
        if isinstance(error, self.value_errors):
            return LiveValueError(f"{self.name}: a value was refused ({type(error).__name__})")
        explained = self.explained(error)
        if not isinstance(explained, LiveTimeoutError):
            self._engine.dispose()
        return explained

    def _retried(self, work: Callable[[sa.Connection], Result]) -> Result:
        try:
            return self._transaction(work)
        except sa.exc.DBAPIError as error:
            if not (error.connection_invalidated and self._may_retry(error)):
                raise
            return self._transaction(work)

    def _transaction(self, work: Callable[[sa.Connection], Result]) -> Result:
        self._check()
        pool = self._engine.pool
        try:
            with self._engine.connect() as connection:
                self._arm(connection.connection.driver_connection, self.patience.write)
                with connection.begin():
                    result = work(connection)
                    self._check()
            return result
        finally:
            if pool is not self._engine.pool:  # forgotten meanwhile
                pool.dispose()

    def _text(self, statement: sa.Executable) -> str:
        text = self._texts.get(statement)
        if text is None:
            compiled = statement.compile(dialect=self._engine.dialect)  # type: ignore[attr-defined]
            text = self._texts[statement] = str(compiled)
        return text


def limited(statement: sa.Select[Any], rows: int) -> sa.Select[Any]:
    """The statement with its number of rows limited, by text and not by a parameter: the driver is given text."""
    return statement.limit(sa.literal_column(str(rows))).offset(sa.literal_column("0"))


def _cause(error: sa.exc.SQLAlchemyError) -> BaseException:
    """The driver's own error, without the statement and its values."""
    return getattr(error, "orig", None) or error
