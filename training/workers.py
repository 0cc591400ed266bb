"""Work spread over processes, answered in the order of the tasks, with few tasks under way at a time."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import TypeVar

from threadpoolctl import threadpool_limits

AHEAD = 2  # tasks handed out for each process: one to work on, one to go on with

Task = TypeVar("Task")
Result = TypeVar("Result")


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
            under_way.extend(pool.submit(work, task) for task in ready)
            if not under_way:
                return
            yield under_way.popleft().result()


def _begin(_work: object) -> None:
    """Settle in; `work` comes along so that the libraries whose threads are limited are loaded by now."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the keyboard interrupts them all; the first process ends the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threadpool_limits(1)


def _end_with_parent() -> None:
    """A killed parent cannot stop its pool, which would wait for it for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
