"""Words that stand for nothing: what databases, spreadsheets and shops write where there is no user, item or text."""

from collections.abc import Collection

import polars as pl

# Nobody's number or name, but an item may have it.
NOBODY = ("0", "-1", "guest", "gast", "anonymous", "unknown", "not logged in", "guest checkout", "guest user",
          "invité", "invitado", "ospite", "00000000-0000-0000-0000-000000000000")  # fmt: skip


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
