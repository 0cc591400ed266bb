"""What was found of all the tables of a source, as lines for whoever started the run and for the manifest."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from training.reading.table import Table

NOTES_SHOWN = 10


class Findings:
    """Adds up how tables were read: those read alike are one line. `preset` is that of the configuration."""

    def __init__(self, preset: str | None = None) -> None:
        self._preset = preset
        self._alike: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._columns: dict[str, None] = {}
        self._notes: list[str] = []

    def add(self, table: Table) -> None:
        """Go on with the next table."""
        how = str(table.found)
        self._alike[how] += 1
        self._first.setdefault(how, table.name)
        self.remark(table.name, table.found.notes)

    def add_columns(self, roles: Mapping[str, str]) -> None:
        """The table's columns by the roles that they play."""
        self._columns.setdefault(", ".join(f"{role} = {column}" for role, column in roles.items()))

    def remark(self, name: str, notes: Iterable[str]) -> None:
        """What is odd about a table."""
        self._notes += [f"{name}: {note}" for note in notes]

    def lines(self, times: str = "") -> Sequence[str]:
        """How the files were read and what was odd about them; `times` is what their times were taken for."""
        more = len(self._notes) - NOTES_SHOWN
        preset = f" (preset {self._preset})" if self._preset else ""
        return [
            *(self._line(how, count) for how, count in self._alike.items()),
            *(f"columns{preset}: {columns}" for columns in self._columns),
            *([f"times: {times}"] if times else []),
            *self._notes[:NOTES_SHOWN],
            *([f"and {more:,} such remarks more"] if more > 0 else []),
        ]

    def _line(self, how: str, count: int) -> str:
        return f"{self._first[how]}{f' and {count - 1:,} more' if count > 1 else ''}: {how}"
