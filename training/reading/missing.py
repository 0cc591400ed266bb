"""Words that stand for nothing: what databases, spreadsheets and shops write where there is no user, item or text."""

from collections.abc import Collection

import polars as pl

from training.config import NOBODY


def is_missing(text: pl.Series, words: Collection[str], *, person: bool) -> pl.Series:
    """Whether a trimmed text (String) is one of the words, as given, in capitals, small letters, or with a capital for
    the first or each of its words.

    Where a column does not tell of a `person` (users, baskets), NOBODY are no such words.
    """
    counted = [word for word in words if person or word.lower() not in NOBODY]
    cases = (str, str.lower, str.upper, str.capitalize, str.title)
    spelled = {case(word) for word in counted for case in cases}
    spelled |= {proper for proper in ("NaN", "NaT") if proper.lower() in spelled}
    return text.is_in(sorted(spelled)).fill_null(value=False)
