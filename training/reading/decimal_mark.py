"""Which mark is the decimal one in a column of numbers written for people: 1,299.00 or 1.299,00."""

from typing import Literal

import polars as pl

Mark = Literal[".", ","]
OTHER: dict[Mark, Mark] = {".": ",", ",": "."}
SPACES = " \u00a0\u202f\u2009"
GROUPING = f"'’{SPACES}"  # what stands between thousands and never is the decimal mark
SIGN = "[+\\-−]"
CURRENCY = r"(?:[A-Za-z]{1,3}\.?\s*\p{Sc}?|\p{Sc}|[Ee]uro|zł|Kč|лв\.?|руб\.?)"
BODY = rf"^\(?\s*{SIGN}?\s*{CURRENCY}?\s*({SIGN}?\s*[\d.,][\d.,{GROUPING}]*?)\s*[-–—]*\s*{CURRENCY}?\s*\)?$"
MULTIPLE = r"\d\s*([kK]|M|Mio\.?|Mrd\.?|[eE])$"  # 1.5k is 1,500, and no currency
NEGATIVE = r"^\(|^[^\d]*[-−]|\d\s*[-−]$"


def find_mark(text: pl.Series, *, unmarked: bool, pointed: bool) -> Mark | None:
    """The decimal mark of texts (String) that hold numbers; None where they may be read in both ways.

    A text with both marks tells by the last one; one with the same mark twice by its being none; one with a single mark
    by other than three digits behind it, or by more than three digits or only a 0 before it. Where texts tell different
    things the greater number counts. `pointed`: the column has numbers with a decimal point besides these; `unmarked`:
    it has whole ones. Three digits behind every point are a database's decimals.
    """
    body = _bodies(text).drop_nulls()
    votes = {mark: int((_is_decimal(body, mark) | _is_grouping(body, OTHER[mark])).sum()) for mark in OTHER}
    points, commas = votes["."] + pointed, votes[","]
    if points or commas:
        return "." if points >= commas else ","
    either_way = body.str.contains(",", literal=True).any() or (unmarked and body.str.contains(".", literal=True).any())
    return None if either_way else "."


def parse_marked(text: pl.Series, mark: Mark) -> pl.Series:
    """Numbers (Float64) of texts, with or without currency and marks between thousands; null where one is none."""
    body = _bodies(text).str.replace_all(rf"[\s{GROUPING}+\-−]", "")
    other = OTHER[mark]
    well_formed = body.str.contains(rf"^(\d+|\d{{1,3}}(\{other}\d{{3}})*)(\{mark}\d*)?$|^\{mark}\d+$")
    plain = body.str.replace_all(other, "", literal=True).str.replace(mark, ".", literal=True).str.strip_chars_end(".")
    number = plain.set(~well_formed.fill_null(value=False), None).cast(pl.Float64, strict=False)
    return number.zip_with(~text.str.contains(NEGATIVE).fill_null(value=False), -number)


def _bodies(text: pl.Series) -> pl.Series:
    """What is left of a number without its currency; null where there is something else."""
    bodies = text.str.extract(BODY, 1).str.strip_chars(SPACES)
    return bodies.set(text.str.contains(MULTIPLE).fill_null(value=False), None)


def _is_decimal(body: pl.Series, mark: Mark) -> pl.Series:
    """Whether `mark` surely is the decimal one."""
    after_the_other = body.str.contains(rf"\{OTHER[mark]}\d{{3}}\{mark}\d*$")
    ungrouped = body.str.contains(
        rf"^{SIGN}?[\d{GROUPING}]*\{mark}(\d{{0,2}}|\d{{4,}})$|^{SIGN}?(0|\d{{4,}})?\{mark}\d+$"
    )
    return after_the_other | ungrouped


def _is_grouping(body: pl.Series, mark: Mark) -> pl.Series:
    """Whether `mark` surely stands between thousands."""
    return body.str.contains(rf"^{SIGN}?\d{{1,3}}(\{mark}\d{{3}}){{2,}}$")
