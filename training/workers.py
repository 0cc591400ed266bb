"""Work spread over processes, answered in the order of the tasks, with few tasks under way at a time."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
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
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _begin, (work,)) as pool:
        under_way: deque[Future[Result]] = deque()
        while True:
            ready = islice(remaining, AHEAD * processes - len(under_way))
            under_way.extend(pool.submit(_do, task) for task in ready)
            if not under_way:
                return
            yield under_way.popleft().result()


def _do(task: Any) -> Any:
    return _work_here[0](task)


def _begin(work: Callable[[Any], Any]) -> None:
    """Settle in, with the libraries of `work`, whose threads are limited, loaded by now."""
    _work_here.append(work)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the keyboard interrupts them all; the first process ends the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threadpool_limits(1)


def _end_with_parent() -> None:
    """A killed parent cannot stop its pool, which would wait for it for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
