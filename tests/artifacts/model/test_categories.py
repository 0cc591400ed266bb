"""A filter on a category finds what is in it on any level, and a name with marks in it by its full text."""

import pytest

from artifacts.model.categories import as_categories, names_of, paths_of
from artifacts.model.ids import encode_ids

TEXTS = sorted(["Drinks", "Drinks > Tea", "Drinks > Tea > Green|Gifts", "Food / Drinks", "Home>Garden", "Tea|Coffee"])


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Drinks", ["Drinks", "Drinks > Tea", "Drinks > Tea > Green|Gifts"]),
        ("Tea", ["Drinks > Tea", "Drinks > Tea > Green|Gifts", "Tea|Coffee"]),
        ("Drinks > Tea", ["Drinks > Tea", "Drinks > Tea > Green|Gifts"]),
        ("Gifts", ["Drinks > Tea > Green|Gifts"]),
        ("Drinks > Tea > Green", ["Drinks > Tea > Green|Gifts"]),
        ("Drinks > Tea > Green|Gifts", ["Drinks > Tea > Green|Gifts"]),
        ("Food / Drinks", ["Food / Drinks"]),
        ("Food", []),
        ("Home>Garden", ["Home>Garden"]),
        ("Home > Garden", ["Home>Garden"]),
        ("Garden", ["Home>Garden"]),
        ("Coffee", ["Tea|Coffee"]),
        ("drinks", []),
        ("", []),
    ],
)
def test_a_filter_finds_every_level(name: str, found: list[str]) -> None:
    categories = as_categories(encode_ids(TEXTS))
    assert [categories[int(index)] for index in categories.within(name)] == found


def test_a_plain_category_is_in_itself() -> None:
    assert names_of("Tea") == {"Tea"}
    assert names_of("") == set()


def test_no_categories_at_all() -> None:
    assert list(as_categories(encode_ids([])).within("Tea")) == []


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("Coffee", [["Coffee"]]),
        ("Food > Coffee >Beans", [["Food", "Coffee", "Beans"]]),
        ("Home > Kitchen|Sale", [["Home", "Kitchen"], ["Sale"]]),
        (" > A >> B | ", [["A", "B"]]),
        ("", []),
    ],
)
def test_each_category_is_told_by_its_levels(text: str, paths: list[list[str]]) -> None:
    assert paths_of(text) == paths
