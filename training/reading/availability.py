"""Whether an item can be bought: the words of shops and feeds in six languages, and quantities in stock."""

from collections import Counter
from collections.abc import Collection

import polars as pl

from training.errors import DataError
from training.reading.blanks import trimmed
from training.reading.missing import is_missing
from training.reading.stock_words import NO, SAYS_NO, SAYS_YES, YES

PREFIX = r"^https?://(www\.)?schema\.org/|^schema:"
NUMBER = r"^-?[\d.,]+$"
NUMBER_FIRST = (
    r"^(?:[<>≥≤~] ?|>= ?|<= ?|only |more than |over |less than |nur noch |noch |nur |mehr als |über |weniger als |"
    r"plus que |plus de |moins de |solo |más de |più di |nog |meer dan )?(-?\d+(?:[.,]\d+)?)\b"
)
NUMBER_LAST = r"^\D*[ :(\[](\d+)[)\]]?$"  # in stock (5), in stock: 0
SHOWN = 3
UNKNOWN_SHARE = 0.5


class Availabilities:
    """Reads a column batch by batch: Booleans, quantities in stock (above 0), words of YES and NO in any spelling.

    What a word of no known meaning is of is taken to be unavailable. `missing` are words that say nothing.
    """

    def __init__(self, name: str, missing: Collection[str]) -> None:
        self._name = name
        self._missing = missing
        self._said: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()

    def read(self, values: pl.Series) -> pl.Series:
        """What the next rows say (Boolean), null where they say nothing."""
        if values.dtype in (pl.Boolean, pl.Null):
            return values.cast(pl.Boolean)
        if values.dtype.is_numeric():
            return values.cast(pl.Float64).fill_nan(None) > 0
        text = trimmed(values)
        text = text.set((text == "") | is_missing(text, self._missing, person=False), None)
        counts = text.drop_nulls().value_counts()
        meaning = {word: _meaning(plain) for word, plain in zip(counts[:, 0], _plain(counts[:, 0]), strict=True)}
        for word, count in counts.iter_rows():
            self._said[word] += count
            if meaning[word] is None:
                self._unknown[word] += count
        known = {word: bool(said) for word, said in meaning.items()}
        return text.replace_strict(known, return_dtype=pl.Boolean) if known else text.cast(pl.Boolean)

    def notes(self) -> list[str]:
        """What unknown words there were, if any. Raises DataError where more than half of the rows have one."""
        rows, said = self._unknown.total(), self._said.total()
        if rows > UNKNOWN_SHARE * said:
            raise DataError(
                f"{self._name}: the column of available says mostly what is not known: {named(self._unknown)}; known "
                'are quantities, yes, no, in stock, sold out and the like; columns.available = "" leaves it unused'
            )
        words = named(self._unknown)
        return [f"available: {rows:,} of {said:,} rows count as unavailable by unknown words: {words}"] if rows else []

    @property
    def said(self) -> str:
        """The most frequent words that were read."""
        return named(self._said)


def named(words: Counter[str]) -> str:
    """The most frequent words with their number of rows."""
    ordered = sorted(words.items(), key=lambda one: (-one[1], one[0]))
    shown = [f"{word!r} ({count:,})" for word, count in ordered[:SHOWN]]
    return ", ".join(shown) + (f" and {len(words) - SHOWN:,} more" if len(words) > SHOWN else "")


def _plain(words: pl.Series) -> pl.Series:
    lower = words.str.to_lowercase().str.replace(PREFIX, "")
    return lower.str.replace_all(r"[\s_\-/.!]+", " ").str.strip_chars().zip_with(~lower.str.contains(NUMBER), lower)


def _meaning(word: str) -> bool | None:
    """What a word in small letters, blanks for other marks, says; None where it is not known."""
    if word in YES or word in NO:
        return word in YES
    text = pl.Series([word])
    number = text.str.extract(NUMBER_FIRST, 1)[0]
    if number is not None:
        return float(number.replace(",", ".")) > 0
    for pattern, said in ((SAYS_NO, False), (SAYS_YES, True)):
        if text.str.contains(pattern)[0]:
            last = text.str.extract(NUMBER_LAST, 1)[0]
            return said and (last is None or int(last) > 0)
    return None
