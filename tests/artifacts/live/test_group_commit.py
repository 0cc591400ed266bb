"""Writers that come at the same time: who is written with whom, and what becomes of the others where one fails."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from artifacts.live.errors import LiveFullError, LiveTimeoutError
from artifacts.live.group_commit import GroupCommit
from tests.support.gunicorn_service import DEADLINE_SECONDS, wait_for

MOST = 4


class Log:
    """A database that holds what was committed, group by group, and commits when it is let."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.begun = Event()
        self.may_commit = Event()
        self.full = False

    def commit(self, brought: Callable[[], list[str]]) -> Sequence[str]:
        if self.full:
            raise LiveFullError("its disk is full")
        items = brought()
        self.begun.set()
        self.may_commit.wait(DEADLINE_SECONDS)
        if any(item.startswith("bad") for item in items):
            raise ValueError(" ".join(items))
        self.groups.append(items)
        return [item.upper() for item in items]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def group(log: Log) -> GroupCommit[str, str]:
    return GroupCommit("live", log.commit, MOST)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(10) as threads:
        yield threads


def behind_the_first(
    log: Log, group: GroupCommit[str, str], threads: ThreadPoolExecutor, *items: str
) -> list[Future[str]]:
    """Calls that come while "first" is being committed, in this order."""
    calls = [threads.submit(group.write, "first", 1, DEADLINE_SECONDS)]
    log.begun.wait(DEADLINE_SECONDS)
    for number, item in enumerate(items, 1):
        calls.append(threads.submit(group.write, item, 1, DEADLINE_SECONDS))
        wait_for(lambda: len(group._waiting) == number)  # noqa: B023  # waited for at once
    return calls


def test_who_waits_is_written_together(log: Log, group: GroupCommit[str, str], threads: ThreadPoolExecutor) -> None:
    calls = behind_the_first(log, group, threads, "a", "b", "c")
    log.may_commit.set()
    assert [call.result() for call in calls] == ["FIRST", "A", "B", "C"]
    assert log.groups == [["first"], ["a", "b", "c"]]


def test_a_group_has_a_bound(log: Log, group: GroupCommit[str, str], threads: ThreadPoolExecutor) -> None:
    calls = behind_the_first(log, group, threads, *"abcdef")
    log.may_commit.set()
    assert [call.result() for call in calls] == ["FIRST", *"ABCDEF"]
    assert log.groups == [["first"], [*"abcd"], [*"ef"]]


def test_what_is_larger_than_a_group_is_one(log: Log, group: GroupCommit[str, str]) -> None:
    log.may_commit.set()
    assert group.write("large", MOST + 1, DEADLINE_SECONDS) == "LARGE"


def test_a_bad_value_is_one_callers_failure(
    log: Log, group: GroupCommit[str, str], threads: ThreadPoolExecutor
) -> None:
    first, a, bad, b = behind_the_first(log, group, threads, "a", "bad", "b")
    log.may_commit.set()
    assert [call.result() for call in (first, a, b)] == ["FIRST", "A", "B"]
    with pytest.raises(ValueError, match=r"^bad$"):
        bad.result()
    assert log.groups == [["first"], ["a"], ["b"]]


def test_where_the_store_fails_nobody_waits_for_the_same_again(
    log: Log, group: GroupCommit[str, str], threads: ThreadPoolExecutor
) -> None:
    first, *others = behind_the_first(log, group, threads, *"abcdef")
    log.full = True
    log.may_commit.set()
    assert first.result() == "FIRST"
    errors = [call.exception() for call in others]
    assert all(isinstance(error, LiveFullError) for error in errors)
    assert len(set(map(id, errors))) == len(errors)
    log.full = False
    assert group.write("later", 1, DEADLINE_SECONDS) == "LATER"


def test_nobody_waits_for_ever(log: Log, group: GroupCommit[str, str], threads: ThreadPoolExecutor) -> None:
    (first,) = behind_the_first(log, group, threads)
    with pytest.raises(LiveTimeoutError):
        group.write("impatient", 1, 0.01)
    log.may_commit.set()
    assert first.result() == "FIRST"
    assert log.groups == [["first"]], "who gave up is not written afterwards"


def test_a_leader_that_is_interrupted_leaves_nobody_behind(threads: ThreadPoolExecutor) -> None:
    begun, interrupt = Event(), Event()

    def commit(brought: Callable[[], list[str]]) -> list[str]:
        items = brought()
        begun.set()
        interrupt.wait(DEADLINE_SECONDS)
        if "first" in items:
            raise KeyboardInterrupt
        return items

    group: GroupCommit[str, str] = GroupCommit("live", commit, MOST)
    first = threads.submit(group.write, "first", 1, DEADLINE_SECONDS)
    begun.wait(DEADLINE_SECONDS)
    second = threads.submit(group.write, "second", 1, DEADLINE_SECONDS)
    wait_for(lambda: len(group._waiting) == 1)
    interrupt.set()
    assert isinstance(first.exception(), KeyboardInterrupt)
    assert second.result() == "second"
