"""A text file of user ids, one a line."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from artifacts.limits import MAX_ID_CHARACTERS
from training.errors import DataError

MAX_LINE_BYTES = 4 * MAX_ID_CHARACTERS + 2
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class UserList:
    """A list that was read through once and found good; `fingerprint` is the sha256 of its bytes.

    Iterating reads it again, so that it never stands in memory. An id that is listed twice comes twice.
    """

    path: Path
    n_users: int
    fingerprint: str

    def __iter__(self) -> Iterator[str]:
        return (user_id for line, number in _lines(self.path) if (user_id := _parse(self.path, line, number)))


def read_user_list(path: Path) -> UserList:
    """Check a list: UTF-8, one id a line, blank lines skipped.

    Raises DataError naming the file, and the line where there is one.
    """
    digest, n_users = hashlib.sha256(), 0
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: is no regular file")
        for line, number in _lines(path):
            digest.update(line)
            n_users += bool(_parse(path, line, number))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    if n_users == 0:
        raise DataError(f"{path}: holds no user id")
    return UserList(path, n_users, digest.hexdigest())


def _lines(path: Path) -> Iterator[tuple[bytes, int]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(len(BYTE_ORDER_MARK) + MAX_LINE_BYTES + 1):
            number += 1
            yield line, number


def _parse(path: Path, line: bytes, number: int) -> str:
    """The line's id; empty for a blank line."""
    text = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
    try:
        user_id = text.removesuffix(b"\n").removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: line {number}: is not UTF-8: {error.reason}") from error
    if len(user_id) > MAX_ID_CHARACTERS:
        raise DataError(f"{path}: line {number}: a user id has at most {MAX_ID_CHARACTERS} characters")
    if "\0" in user_id:
        raise DataError(f"{path}: line {number}: a user id cannot hold the NUL character")
    return user_id if user_id.strip() else ""
