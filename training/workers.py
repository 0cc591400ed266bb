"""Work spread over processes, answered in the order of the tasks, with few tasks under way at a time."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

AHEAD = 2  # tasks handed out for each process: one to work on, one to go on with

Task = TypeVar("Task")
Result = TypeVar("Result")

_work_here: list[Callable[[Any], Any]] = []  # what this process was started for: it comes once, and not with every task


def spread(work: Callable[[Task], Result], tasks: Iterable[Task], processes: int) -> Iterator[Result]:
    """`work` on each task, by one BLAS and OpenMP thread a process; with one process, in this one.

    Everything must pickle. Processes are started afresh: FAISS and OpenMP may hang in forked ones (faiss issue 5206).
    Raises BrokenProcessPool when a process dies, and what `work` raises.
    """
    if processes == 1:
        with threadpool_limits(1):
            yield from map(work, tasks)
        return
    remaining = iter(tasks)
    with (
        ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _begin, (work,)) as pool,
        _children_ended(),
    ):
        under_way: deque[Future[Result]] = deque()
        while True:
            ready = list(islice(remaining, AHEAD * processes - len(under_way)))
            with _keyboard_held():
                under_way.extend(pool.submit(_do, task) for task in ready)
            if not under_way:
                return
            yield under_way.popleft().result()


@contextmanager
def _children_ended() -> Iterator[None]:
    """What is under way is not waited for when this process is told to stop, or nobody wants the rest."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        for child in multiprocessing.active_children():
            child.terminate()
        raise


@contextmanager
def _keyboard_held() -> Iterator[None]:
    """Processes started within never hear of Ctrl-C, not even while they load their libraries: the keyboard interrupts
    them all, and the first one ends the others."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _do(task: Any) -> Any:
    return _work_here[0](task)


def _begin(work: Callable[[Any], Any]) -> None:
    """Settle in, with the libraries of `work`, whose threads are limited, loaded by now."""
    _work_here.append(work)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threadpool_limits(1)


def _end_with_parent() -> None:
    """A killed parent cannot stop its pool, which would wait for it for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
