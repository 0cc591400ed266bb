"""Work that is spread over processes."""

import itertools
import os
from collections.abc import Generator
from concurrent.futures.process import BrokenProcessPool

import faiss
import pytest
from threadpoolctl import threadpool_info

from training.workers import AHEAD, spread

pytestmark = pytest.mark.integration


def threads(task: int) -> tuple[int, int, set[int]]:
    return task, faiss.omp_get_max_threads(), {pool["num_threads"] for pool in threadpool_info()}


def die_at_two(task: int) -> int:
    return task if task != 2 else os._exit(1)


def fail_at_two(task: int) -> int:
    if task == 2:
        raise OSError(28, "No space left on device", "part 2")
    return task


@pytest.mark.parametrize("processes", [1, 2])
def test_work_is_answered_in_order_by_single_threads_with_few_tasks_under_way(processes: int) -> None:
    handed_out = itertools.count()
    answers = spread(threads, (next(handed_out) for _ in itertools.count()), processes)
    assert list(itertools.islice(answers, 9)) == [(task, 1, {1}) for task in range(9)]
    assert next(handed_out) <= 9 + AHEAD * processes
    assert isinstance(answers, Generator)
    answers.close()


def test_what_work_raises_comes_out_and_a_dead_process_does_not_hang() -> None:
    answers = spread(fail_at_two, itertools.count(), 2)
    assert [next(answers), next(answers)] == [0, 1]
    with pytest.raises(OSError, match="No space left on device: 'part 2'"):
        next(answers)
    with pytest.raises(BrokenProcessPool):
        list(spread(die_at_two, itertools.count(), 2))
