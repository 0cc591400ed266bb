"""Where a row stands that was read from one of many tables."""

from bisect import bisect_right

from training.reading.table import Table


class Places:
    """Tables end to end: the rows of each follow those of the one before it."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._tables: list[Table] = []

    def add(self, table: Table, start: int) -> None:
        """The table's first row is number `start` of all rows."""
        self._starts.append(start)
        self._tables.append(table)

    def __call__(self, row: int) -> str:
        """File and line (or row, where there are no lines) of the row of this number, from 0."""
        index = bisect_right(self._starts, row) - 1
        return self._tables[index].place(row - self._starts[index])
