"""How a CSV file is written: its separator and its header, found from its first lines."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from training.config import Layout
from training.errors import DataError

SEPARATORS = (",", ";", "\t", "|")
SAMPLE_LINES = 1000
QUOTED = re.compile(r'"[^"]*"')
EXCELS_HINT = re.compile(r'"?sep=(.)"?\s*')  # a first line that only Excel reads
DATE = re.compile(r"\s*(\d{4}([-/.])\d{1,2}\2\d{1,2}|\d{1,2}([-/.])\d{1,2}\3\d{2,4})([T ,].*)?\s*")
NUMBER = re.compile(r"\s*[-+]?\d[\d.,]*(e[-+]?\d+)?\s*", re.IGNORECASE)
YEAR = re.compile(r"\s*(19|20)\d\d\s*")


@dataclass(frozen=True)
class Dialect:
    """`names`: every column's, from the left, no two the same; `offered`: those that have one in the file.
    `skip`: lines before the data."""

    separator: str
    names: tuple[str, ...]
    offered: tuple[str, ...]
    skip: int
    header: bool

    @property
    def quotes(self) -> bool:
        """Whether fields may be quoted: only where the separator is one byte."""
        return len(self.separator.encode()) == 1

    @property
    def needed(self) -> int:
        """The number of fields that a line needs: up to the last column that has a name."""
        return max((place for place, name in enumerate(self.names, 1) if name in set(self.offered)), default=1)


def find_dialect(sample: Sequence[str], layout: Layout, shown: str, ending: str = "") -> Dialect:
    """The dialect of a file that begins with the lines of `sample`; what `layout` says goes before what is found.

    Raises DataError where the first line is data but a header is expected, or has more fields than `layout` has names.
    """
    blank = next((place for place, line in enumerate(sample) if line.strip()), len(sample))
    hint = EXCELS_HINT.fullmatch(sample[blank]) if blank < len(sample) else None
    start = blank + 1 if hint else blank
    lines = sample[start:]
    separator = layout.separator or (hint[1] if hint else _separator(lines, ending))
    fields, taken = _first_record(lines, separator, shown)
    return dialect_of(fields, layout, shown, (start, taken), separator)


def dialect_of(
    fields: Sequence[str], layout: Layout, shown: str, lines: tuple[int, int], separator: str = ","
) -> Dialect:
    """The dialect of a file whose first record has these fields; `lines`: how many go before it, how many it takes.

    Raises DataError as `find_dialect`.
    """
    start, taken = lines
    if layout.names is not None:
        return _without_header(layout.names, fields, shown, start, separator)
    _expect_header(fields, shown, start + 1)
    named = [field.strip() for field in fields]
    names = _distinct(named)
    offered = tuple(name for name, own in zip(names, named, strict=True) if own)
    return Dialect(separator, names, offered, start + taken, header=True)


def _without_header(names: tuple[str, ...], fields: Sequence[str], shown: str, start: int, separator: str) -> Dialect:
    if len(fields) < len(names) or any(field.strip() for field in fields[len(names) :]):
        raise DataError(
            f"{shown}, line {start + 1}: {len(fields)} fields, separated by {separator!r}, where data.names has "
            f"{len(names)}; is it another separator?"
        )
    return Dialect(separator, names, names, start, header=False)


def fields_of(line: str, separator: str) -> list[str]:
    """A line's fields, quotes taken off where the separator is one character."""
    if len(separator) > 1:
        return line.split(separator)
    return next(csv.reader([line], delimiter=separator), [])


def _separator(lines: Sequence[str], ending: str) -> str:
    """The one by which most lines have as many fields as the first; of several the one with the most fields."""
    text = QUOTED.sub("", "\n".join(lines))
    counted = [line for line in text.split("\n") if line.strip()] or [""]
    order = sorted(SEPARATORS, key=lambda separator: (separator == "\t") != (ending == ".tsv"))

    def fit(separator: str) -> tuple[bool, float, int]:
        fields = [line.count(separator) for line in counted]
        return fields[0] > 0, Counter(fields)[fields[0]] / len(fields), fields[0]

    return max(order, key=fit)


def _first_record(lines: Sequence[str], separator: str, shown: str) -> tuple[list[str], int]:
    """The header's fields, and the lines it takes: a quoted name may go over several."""
    if len(separator.encode()) > 1:
        return (lines[0].split(separator) if lines else []), min(len(lines), 1)
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=separator)
    try:
        fields = next(reader, [])
    except csv.Error as error:
        if "new-line" in str(error):
            raise DataError(
                f"{shown}: some lines end in a carriage return alone and others in a line feed: write it with one kind"
            ) from error
        return fields_of(lines[0], separator), 1
    return fields, reader.line_num


def _expect_header(fields: Sequence[str], shown: str, line: int) -> None:
    if len(fields) == 1 and "::" in fields[0]:
        raise DataError(f'{shown}, line {line}: no separator found in {fields[0][:80]!r}: say separator = "::"')
    present = [field for field in fields if field.strip()]
    dates = [field for field in present if DATE.fullmatch(field)]
    numbers = [field for field in present if NUMBER.fullmatch(field) and not YEAR.fullmatch(field)]
    if dates or 2 * len(numbers) >= max(len(present), 1):
        example = (dates or numbers or ["nothing"])[0]
        raise DataError(
            f"{shown}, line {line}: looks like data, not like names of columns ({example!r}): where there is no header "
            f'say header = false and names = ["…", …], one for each of the {len(fields)} columns'
        )


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Later columns of the same name get a number, those without one a name that is no one's."""
    given: dict[str, None] = {}
    for place, name in enumerate(names, 1):
        unique, again = name or f"(column {place})", 0
        while unique in given:
            unique, again = f"{name}_duplicated_{again}", again + 1
        given[unique] = None
    return tuple(given)
