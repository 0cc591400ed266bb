"""Ids as a shop means them: trimmed, whole floats as the integer, words for nobody as null."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import polars as pl

from training.errors import DataError
from training.reading.missing import is_missing

ROUNDED = r"^\d([.,]\d+)?[Ee]\+\d{2,3}$"  # as a spreadsheet writes a long number: 4.71E+12, 4,71E+12
ROUNDED_MARK = r"[Ee]\+"
WHOLE = r"^\d+\.0+$"
POINT = r"\.0+$"
FRACTION = r"^\d+\.\d*[1-9]\d*$"
ROUNDED_SHARE = 0.5
GIANT_SHARE, MANY_USERS = 0.1, 50
SAMPLE = 1_000_000
EXPORT = "export the column as text"

Place = Callable[[int], str]


@dataclass(frozen=True)
class Ids:
    """`ids` (String): null where there is none; `notes` say what was changed; `first` is the first row whose id is a
    word for none or was rounded, with its text."""

    ids: pl.Series
    notes: tuple[str, ...] = ()
    first: tuple[int, str] | None = None


def settle_ids(ids: pl.Series, role: str, words: Collection[str], place: Place) -> Ids:
    """All trimmed ids of a column (String) as they are meant; `place` tells where a row stands.

    17850.0 is 17850 unless the column has numbers that are not whole, 1.10, say. An id that a spreadsheet rounded is
    none. Raises DataError where more than half of the items were rounded.
    """
    whole = _without_points(ids)
    missing = is_missing(whole, words, person=role in ("user", "basket"))
    rounded = _are_rounded(whole)
    if role == "item" and rounded.sum() > ROUNDED_SHARE * (len(whole) - whole.null_count()):
        raise DataError(f"most items' ids were rounded by a spreadsheet: {_first(whole, rounded, place)}; {EXPORT}")
    none = "are guests'" if role == "user" else f"have no {role}"
    notes = [
        *_counted(ids, ids.ne_missing(whole), "are whole numbers with a point, which is left out", place, role),
        *_counted(whole, missing, f"{none} by a word for nothing", place, ""),
        *_counted(whole, rounded, f"{none}, as a spreadsheet rounded the id ({EXPORT})", place, ""),
    ]
    gone = missing | rounded
    if role == "user":
        notes += _giants(whole.set(gone, None), place)
    if not gone.any():
        return Ids(whole, tuple(f"{role}: {note}" for note in notes))
    first = int(gone.arg_max() or 0)
    return Ids(whole.set(gone, None), tuple(f"{role}: {note}" for note in notes), (first, str(whole[first])))


def _giants(users: pl.Series, place: Place) -> list[str]:
    """A user with a good part of all rows in a shop of many is hardly one customer."""
    sample = users.gather_every(max(1, len(users) // SAMPLE)).drop_nulls()
    counts = sample.value_counts(sort=True)
    if counts.height < MANY_USERS or counts["count"][0] < GIANT_SHARE * len(sample):
        return []
    giant = (users == counts[:, 0][0]).fill_null(value=False)
    return _counted(users, giant, "are one user's, who may be a word for guests (clean.missing)", place, "user")


def _without_points(ids: pl.Series) -> pl.Series:
    if not ids.str.contains(POINT).any() or ids.unique().str.contains(FRACTION).any():
        return ids
    return ids.str.replace(POINT, "").zip_with(ids.str.contains(WHOLE).fill_null(value=False), ids)


def _are_rounded(ids: pl.Series) -> pl.Series:
    found = ids.str.contains(ROUNDED_MARK).fill_null(value=False)
    return ids.str.contains(ROUNDED).fill_null(value=False) if found.any() else found


def _counted(ids: pl.Series, which: pl.Series, what: str, place: Place, role: str) -> list[str]:
    count = int(which.sum())
    if not count:
        return []
    # A user's own id stays out of what is written down: who is erased later must not live on in it.
    example = f"{place(int(which.arg_max() or 0))}" if role == "user" else _first(ids, which, place)
    return [f"{count:,} of {len(ids):,} rows {what}: {example}"]


def _first(ids: pl.Series, which: pl.Series, place: Place) -> str:
    row = int(which.arg_max() or 0)
    return f"{ids[row]!r} ({place(row)})"
