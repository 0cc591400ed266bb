"""A file of user ids: one a line, or a column of a CSV."""

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artifacts.model.ids import UNKNOWN
from artifacts.model.model import Model
from artifacts.shared_limits import MAX_ID_CHARACTERS
from training.errors import DataError
from training.reading.columns import OBVIOUS, first_there

MAX_LINE_BYTES = 4 * MAX_ID_CHARACTERS + 2
MAX_ROW_BYTES = 1 << 20  # of a CSV
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SEPARATORS = ",;\t|"
MOST_UNKNOWN = 0.5  # a list of which more is unknown has ids of another kind
EXAMPLES = 3

Ids = Iterator[tuple[int, str]]
"""Numbers of lines, and the id of each; an empty one where there is none."""


@dataclass(frozen=True)
class Column:
    """Where a CSV with a header has its user ids."""

    index: int
    separator: str


@dataclass(frozen=True)
class UserList:
    """A list that was read through once and found good; `fingerprint` is the sha256 of its bytes.

    `n_users` are distinct, `n_unknown` of them nobody the version or the live store knows, like those of `unknown`;
    `n_blank` rows of a CSV have no id. Iterating reads it again, so that it never stands in memory: each id comes once,
    `repeated` are the lines on which it comes again.
    """

    path: Path
    column: Column | None
    n_users: int
    n_unknown: int
    n_blank: int
    unknown: tuple[str, ...]
    repeated: frozenset[int]
    fingerprint: str

    def __iter__(self) -> Iterator[str]:
        ids = _ids(self.path, self.column)
        return (user_id for line, user_id in ids if user_id and line not in self.repeated)

    def check_known(self, model: Model) -> None:
        """Raises DataError where most ids are nobody's: all of them would get the same popular items."""
        if self.n_unknown <= MOST_UNKNOWN * self.n_users:
            return
        n_known = len(model.user_ids)
        known = [model.user_ids[index] for index in sorted({0, n_known // 2, n_known - 1}) if 0 <= index < n_known]
        theirs = f"whose {n_known:,} users are like {_shown(known)}" if known else "which knows no user at all"
        raise DataError(
            f"{self.path}: {self.n_unknown:,} of {self.n_users:,} ids, more than {MOST_UNKNOWN:.0%}, are unknown, like "
            f"{_shown(self.unknown)}, to {model.version}, {theirs}: are these the ids of its data? For those who have "
            "bought nothing yet, ask with a list of their own and --no-personalized: popular items"
        )


def read_user_list(path: Path, model: Model, is_told_of: Callable[[str], bool] = lambda _: False) -> UserList:
    """Check a list: UTF-8; one id a line, blank lines skipped, or a CSV whose header names a column of user ids, as
    the version's data did or by an obvious name. `is_told_of`: whether the live store knows somebody.

    Raises DataError naming the file, and the line where there is one.
    """
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: is no regular file")
        column = _find_column(path, model)
        counted = _Count(model, is_told_of)
        for line, user_id in _ids(path, column):
            counted.add(line, user_id)
        fingerprint = _fingerprint(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    if counted.n_users == 0:
        raise DataError(f"{path}: holds no user id")
    n_blank = counted.n_blank if column else 0
    unknown = tuple(counted.unknown[:EXAMPLES])
    repeated = frozenset(counted.repeated)
    return UserList(path, column, counted.n_users, counted.n_unknown, n_blank, unknown, repeated, fingerprint)


class _Count:
    """Who is listed: of those whom the version knows only that they are, so that a long list takes little memory."""

    def __init__(self, model: Model, is_told_of: Callable[[str], bool]) -> None:
        self.model, self.is_told_of = model, is_told_of
        self.seen = np.zeros(len(model.user_ids), np.bool_)
        self.others: set[str] = set()
        self.n_users = self.n_blank = self.n_unknown = 0
        self.unknown: list[str] = []
        self.repeated: list[int] = []

    def add(self, line: int, user_id: str) -> None:
        if not user_id:
            self.n_blank += 1
            return
        index = self.model.user_ids.find(user_id)
        if self.seen[index] if index != UNKNOWN else user_id in self.others:
            self.repeated.append(line)
            return
        self.n_users += 1
        if index != UNKNOWN:
            self.seen[index] = True
            return
        self.others.add(user_id)
        if not self.is_told_of(user_id):
            self.n_unknown += 1
            self.unknown += [user_id] if self.n_unknown <= EXAMPLES else []


def _find_column(path: Path, model: Model) -> Column | None:
    """The column of a header that is named as one of user ids; None where the first line is an id like the others.

    Raises DataError for a first line of several columns none of which is.
    """
    number, first = _first_line(path)
    if not first or model.user_ids.find(first) != UNKNOWN:
        return None
    rows = {separator: next(csv.reader([first], delimiter=separator)) for separator in SEPARATORS}
    separator = max(SEPARATORS, key=lambda one: len(rows[one]))
    header = [cell.strip() for cell in rows[separator]]
    configured = model.manifest.configuration.get("columns", {}).get("user") or ""
    name = first_there((configured, *OBVIOUS["user"]), header)
    if name is not None:
        return Column(header.index(name), separator)
    if len(header) > 1:
        raise DataError(
            f"{path}: line {number}: {len(header)} columns, {_shown(header[:EXAMPLES])}, and none is named as one of "
            f"user ids: call it {OBVIOUS['user'][0]}, or list the ids alone, one a line"
        )
    return None


def _first_line(path: Path) -> tuple[int, str]:
    """The first line that is not blank, and its number; an empty one where it is no text."""
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_ROW_BYTES), b""), 1):
            text = line.removeprefix(BYTE_ORDER_MARK).decode(errors="replace").rstrip("\r\n")
            if text.strip():
                return number, text if "\0" not in text else ""
    return 0, ""


def _ids(path: Path, column: Column | None) -> Ids:
    return _ids_of_lines(path) if column is None else _ids_of_rows(path, column)


def _ids_of_lines(path: Path) -> Ids:
    for number, text in _lines(path, MAX_LINE_BYTES):
        user_id = text.removesuffix("\n").removesuffix("\r")
        yield number, _checked(path, user_id if user_id.strip() else "", number)


def _ids_of_rows(path: Path, column: Column) -> Ids:
    """Behind the header; a row's number is that of its last line."""
    rows = csv.reader((text for _, text in _lines(path, MAX_ROW_BYTES)), delimiter=column.separator)
    named = False
    try:
        for row in rows:
            if not row or not named:
                named = named or any(cell.strip() for cell in row)
                continue
            if len(row) <= column.index:
                raise DataError(f"{path}: line {rows.line_num}: has {len(row)} columns, and no user id")
            yield rows.line_num, _checked(path, row[column.index].strip(), rows.line_num)
    except csv.Error as error:
        raise DataError(f"{path}: line {rows.line_num}: {error}") from error


def _lines(path: Path, max_bytes: int) -> Iterator[tuple[int, str]]:
    """Lines with their ends. Raises DataError for one that is no UTF-8 text; of a long one comes the beginning."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(len(BYTE_ORDER_MARK) + max_bytes + 1):
            number += 1
            try:
                yield number, (line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line).decode()
            except UnicodeDecodeError as error:
                raise DataError(f"{path}: line {number}: is not UTF-8: {error.reason}") from error


def _checked(path: Path, user_id: str, number: int) -> str:
    if len(user_id) > MAX_ID_CHARACTERS:
        raise DataError(f"{path}: line {number}: a user id has at most {MAX_ID_CHARACTERS} characters")
    if "\0" in user_id:
        raise DataError(f"{path}: line {number}: a user id cannot hold the NUL character")
    return user_id


def _fingerprint(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shown(texts: Sequence[str]) -> str:
    return ", ".join(map(repr, texts))
