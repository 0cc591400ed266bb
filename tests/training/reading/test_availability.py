"""Whether an item can be bought, in the words of shops and feeds."""

import polars as pl
import pytest

from training.config import MISSING
from training.errors import DataError
from training.reading.availability import Availabilities


def read(*values: object) -> list[bool | None]:
    return Availabilities("items.csv", MISSING).read(pl.Series(values)).to_list()


@pytest.mark.parametrize(
    "word",
    ["auf Lager", "https://schema.org/InStock", "http://schema.org/PreOrder", "active", "preorder", "backorder",
     "in_stock", "In Stock", "IN-STOCK", "TRUE", "yes", "ja", "oui", "sí", "lieferbar", "Sofort lieferbar", "en stock",
     "disponible", "disponibile", "op voorraad", "published", "limited availability", "onbackorder", "12", "0.5",
     "17 in stock", "Only 2 left in stock!", "noch 3 auf Lager", "In Stock (12)", "1.000,5", "in stock: 3",
     "> 10", "<5", "more than 10", "nur noch 3", "plus de 10", "Lagernd", "hay stock",
     "in stock, non-refundable"],
)  # fmt: skip
def test_it_can_be_bought(word: str) -> None:
    assert read(word, f" {word} ") == [True, True]


@pytest.mark.parametrize(
    "word",
    ["out of stock", "https://schema.org/OutOfStock", "SoldOut", "sold out", "out_of_stock", "outofstock", "false",
     "no",
     "nein", "nicht lieferbar", "Ausverkauft", "rupture de stock", "agotado", "esaurito", "uitverkocht", "archived",
     "draft", "discontinued", "https://schema.org/Discontinued", "0", "-3", "0 in stock", "currently not available",
     "pas en stock", "plus en stock", "no longer in stock", "No stock available", "non in stock", "keine verfügbar",
     "in stock (0)", "In stock: 0", "available soon", "nur noch 0", "no hay stock", "geen voorraad"],
)  # fmt: skip
def test_it_cannot_be_bought(word: str) -> None:
    assert read(word, word.upper()) == [False, False]


def test_other_types_and_what_says_nothing() -> None:
    assert read(True, False, None) == [True, False, None]
    assert read(3, 0, -1, None) == [True, False, False, None]
    assert read(0.5, float("nan")) == [True, None]
    assert read("", "NULL", None, "1") == [None, None, None, True]


def test_unknown_words_are_named_and_count_as_unavailable() -> None:
    column = Availabilities("items.csv", MISSING)
    assert column.read(pl.Series(["yes", "someday", "yes"])).to_list() == [True, False, True]
    assert column.read(pl.Series(["someday", "blue", "no"])).to_list() == [False, False, False]
    assert column.notes() == ["available: 3 of 6 rows count as unavailable by unknown words: 'someday' (2), 'blue' (1)"]


def test_mostly_unknown_words_are_refused() -> None:
    column = Availabilities("items.csv", MISSING)
    column.read(pl.Series(["red", "green", "yes"]))
    with pytest.raises(
        DataError, match=r"items\.csv: the column of available says mostly what is not known: 'green' \(1\), 'red'"
    ):
        column.notes()
