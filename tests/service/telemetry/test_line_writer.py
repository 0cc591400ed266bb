"""Lines for a pipe: in what order, how many wait, what is said of those that do not."""

import os
from collections.abc import Iterator
from typing import BinaryIO

import pytest

from service.telemetry.line_writer import MAX_WAITING_BYTES, LineWriter

LINE = b"x" * 99 + b"\n"


@pytest.fixture
def pipe() -> Iterator[tuple[BinaryIO, int]]:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader:
        yield reader, writing
        os.close(writing)


def told(dropped: int) -> bytes:
    return b"%d dropped\n" % dropped


def test_lines_come_in_order(pipe: tuple[BinaryIO, int]) -> None:
    reader, writing = pipe
    writer = LineWriter(writing, told)
    for number in range(100):
        writer.write(b"%d\n" % number)
    assert [int(reader.readline()) for _ in range(100)] == [*range(100)]
    writer.end()


def test_the_end_does_not_wait(pipe: tuple[BinaryIO, int]) -> None:
    reader, writing = pipe
    writer = LineWriter(writing, told)
    writer.write(LINE)
    writer.end()
    os.set_blocking(reader.fileno(), False)
    assert reader.read() == LINE


@pytest.mark.parametrize("blocking", [True, False])
def test_what_does_not_fit_is_dropped_and_told(pipe: tuple[BinaryIO, int], blocking: bool) -> None:
    reader, writing = pipe
    os.set_blocking(writing, blocking)
    writer = LineWriter(writing, told)
    counted: list[int] = []
    writer.on_drop(counted.append)
    written = 3 * MAX_WAITING_BYTES // len(LINE)
    for _ in range(written):
        writer.write(LINE)
    n_read = n_told = 0
    while n_read + n_told < written:
        line = reader.readline()
        if line == LINE:
            n_read += 1
        else:
            n_told += int(line.split()[0])
    assert n_told == sum(counted) > 0
    writer.write(b"goes on\n")
    assert reader.readline() == b"goes on\n"
    writer.end()


def test_a_fork_begins_with_nothing(pipe: tuple[BinaryIO, int]) -> None:
    reader, writing = pipe
    writer = LineWriter(writing, told)
    writer.write(b"the parent's\n")
    writer.end()
    writer.begin()
    writer.write(b"the child's\n")
    writer.end()
    assert [reader.readline(), reader.readline()] == [b"the parent's\n", b"the child's\n"]


def test_a_descriptor_that_is_closed() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    writer = LineWriter(writing, told)
    counted: list[int] = []
    writer.on_drop(counted.append)
    writer.write(LINE)
    writer.end()
    assert counted == [1]
    os.close(writing)
