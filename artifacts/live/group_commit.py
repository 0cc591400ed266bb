"""Group commit: what several threads want to write at the same time is written in one transaction.

A commit waits for the disk, whatever it holds. The first who comes leads: it takes what all the others who wait have
brought, writes that as one, and hands everybody their result; those who come meanwhile are the next group.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition
from typing import Generic, TypeVar

from artifacts.live.errors import LiveTimeoutError, LiveUnavailableError

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Call(Generic[Item, Result]):
    """One caller's item, and what became of it."""

    def __init__(self, item: Item, size: int) -> None:
        self.item = item
        self.size = size
        self.finished = False
        self.results: Sequence[Result] = ()
        self.error: BaseException | None = None

    def outcome(self) -> Result:
        """Raises an error of the caller's own: one that others raise, too, would collect the tracebacks of all."""
        if isinstance(self.error, LiveUnavailableError):
            raise type(self.error)(str(self.error)) from self.error
        if self.error is not None:
            raise self.error
        return self.results[0]


class GroupCommit(Generic[Item, Result]):
    """Writes of a kind, as many in one transaction as wait at the same time, for all threads of a process.

    `commit` is given a function that answers the items to write, which it calls once it is its turn to write, and
    again should it have to begin anew; it answers a result for each. Of a group that fails for another reason than that
    the store is not available, each is tried alone, so that a value that the database refuses is one caller's failure.
    """

    def __init__(self, name: str, commit: Callable[[Callable[[], list[Item]]], Sequence[Result]], most: int) -> None:
        """`name` is the store's, for errors. A group's items have a size of `most` together, or are one item."""
        self._name = name
        self._commit = commit
        self._most = most
        self._waiting: deque[_Call[Item, Result]] = deque()
        self._led = False
        self._changed = Condition()

    def write(self, item: Item, size: int, seconds: float) -> Result:
        """The result of an item, durable; it waits `seconds` at most for those before it.

        Raises LiveUnavailableError, after which nothing of it is stored, or all of it.
        """
        call: _Call[Item, Result] = _Call(item, size)
        with self._changed:
            self._waiting.append(call)
            self._changed.wait_for(lambda: call.finished or not self._led, seconds)
            if not call.finished:
                if self._led:
                    self._give_up(call)
                self._led = True
        if not call.finished:
            self._lead(call)
        return call.outcome()

    def write_alone(self, item: Item) -> Result:
        """The result of an item that waits for no other and is written with none. Raises as `write` does."""
        return self._commit(lambda: [item])[0]

    def _give_up(self, call: _Call[Item, Result]) -> None:
        if call in self._waiting:
            self._waiting.remove(call)
        raise LiveTimeoutError(f"{self._name}: other writes take too long")

    def _lead(self, own: _Call[Item, Result]) -> None:
        """Write groups until the leader's own item is among them."""
        try:
            while not own.finished:
                self._write_group()
        finally:
            with self._changed:
                self._led = False
                self._changed.notify_all()

    def _write_group(self) -> None:
        group: list[_Call[Item, Result]] = []
        try:
            results = self._commit(lambda: self._take(group))
        except LiveUnavailableError as error:
            self._finish([*group, *self._everybody()], error=error)
        except Exception as error:
            if len(group) > 1:
                self._try_each(group)
            else:
                self._finish(group or self._everybody(), error=error)
        except BaseException as error:  # nobody else would tell the others
            self._finish(group, error=error)
            raise
        else:
            for call, result in zip(group, results, strict=True):
                self._finish([call], (result,))

    def _try_each(self, group: list[_Call[Item, Result]]) -> None:
        for call in group:
            try:
                self._finish([call], [self.write_alone(call.item)])
            except Exception as error:
                self._finish([call], error=error)

    def _take(self, group: list[_Call[Item, Result]]) -> list[Item]:
        """The items of the group, with those that have come since and still fit."""
        with self._changed:
            size = sum(call.size for call in group)
            while self._waiting and (not group or size + self._waiting[0].size <= self._most):
                call = self._waiting.popleft()
                group.append(call)
                size += call.size
        return [call.item for call in group]

    def _everybody(self) -> list[_Call[Item, Result]]:
        """All that wait: where the store is not available, they would wait for the same in vain."""
        with self._changed:
            everybody = [*self._waiting]
            self._waiting.clear()
        return everybody

    def _finish(
        self, group: Sequence[_Call[Item, Result]], results: Sequence[Result] = (), error: BaseException | None = None
    ) -> None:
        with self._changed:
            for call in group:
                call.results, call.error, call.finished = results, error, True
            self._changed.notify_all()
