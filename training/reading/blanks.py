"""What counts as blank around a text: all that Unicode calls white space, and marks of no width, as web pages leave."""

import polars as pl

WHITE = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
NO_WIDTH = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def trimmed(values: pl.Series) -> pl.Series:
    """Values of any type as text (String) without the blanks around it."""
    return values.cast(pl.String).str.strip_chars(WHITE + NO_WIDTH)
