"""Where the records of a CSV file begin and end, and what is odd about its lines."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from training.errors import DataError

SHORT_SHARE = 0.2  # of all records: above it the file is not what it is taken for
SHORT_MINIMUM = 10


@dataclass(frozen=True)
class Lines:
    """The line on which each record begins: the first on `first`, the others on the next each, but for `gaps`.

    `gaps` (n,) int64, ascending: for each line that is blank, or goes on with a quoted field, the record that it comes
    before.
    """

    first: int
    gaps: npt.NDArray[np.int64]

    def of(self, record: int) -> int:
        """The line (from 1) of a record (from 0)."""
        return self.first + record + int(np.searchsorted(self.gaps, record, side="right"))


@dataclass
class Oddities:
    """Counts of lines that are no usual ones, each with the line where the first of them is."""

    blank: int = 0
    short: int = 0
    first_short: int = 0
    nul: int = 0
    first_nul: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What to say of them."""
        said = []
        if self.blank:
            said.append(f"blank lines, skipped: {self.blank:,}")
        if self.short:
            said.append(f"lines with too few fields, the rest read as blank: {self.short:,} (line {self.first_short})")
        if self.nul:
            said.append(f"lines with zero bytes, read without: {self.nul:,} (line {self.first_nul})")
        return tuple(said)


@dataclass(frozen=True)
class Survey:
    """What a look at all of a CSV file's lines found.

    `simple`: each line is a record by itself; `quoted`: there are quotes; `escaped`: quotes inside fields are \\"
    rather than doubled; `blank` (n,) int64: the blank lines of the data, from 0, where it is simple.
    """

    records: int
    lines: Lines
    odd: Oddities
    simple: bool
    quoted: bool
    ragged: bool = False
    escaped: bool = False
    blank: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


def expect_few_short(odd: Oddities, records: int, shown: str, needed: int) -> None:
    """Raises DataError where so many records are too short that the file must be something else."""
    if odd.short > max(SHORT_SHARE * records, SHORT_MINIMUM):
        raise DataError(
            f"{shown}, line {odd.first_short}: {odd.short:,} of {records:,} lines have fewer fields than the {needed} "
            "that the header names; is it another separator, or are line breaks in texts not quoted?"
        )


def too_long(shown: str, line: int, fields: int, columns: int) -> DataError:
    """A line with values in more fields than the header has."""
    return DataError(f"{shown}, line {line}: {fields} fields where the header names {columns}")
