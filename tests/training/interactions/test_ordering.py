"""Orders of many rows: as NumPy and Polars would sort them."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.interactions.ordering import begins_run, distinct, sort_rows, stable_order

Row = tuple[int, str | None, int]
START = datetime(2025, 1, 1)  # noqa: DTZ001 - times in a frame are naive, in UTC
rows = st.tuples(st.integers(0, 3), st.sampled_from([None, "", "a", "b", "é", "ab"]), st.integers(0, 2))


@given(st.lists(st.integers(0, 9)), st.sampled_from([1, 2**20, 2**59]))
def test_a_stable_order_is_numpys(values: list[int], scale: int) -> None:
    """The largest keys leave no room for the rows' numbers."""
    keys = np.array(values, np.int64) * scale
    np.testing.assert_array_equal(stable_order(keys), np.argsort(keys, kind="stable"))


@given(st.lists(st.integers(0, 9)))
def test_distinct_keys_are_numpys(values: list[int]) -> None:
    keys = np.array(values, np.int64)
    np.testing.assert_array_equal(distinct(keys), np.unique(keys))


def test_keys_may_be_of_32_bits() -> None:
    keys = np.array([2**31 - 1, 0, 5, 0], np.int32)
    assert stable_order(keys).tolist() == [1, 3, 2, 0]


def test_a_run_begins_where_any_column_changes() -> None:
    one, other = np.array([1, 1, 2, 2, 2]), np.array([7, 7, 7, 8, 8])
    assert begins_run(one, other).tolist() == [True, False, True, True, False]
    assert begins_run(np.empty(0, np.int64)).tolist() == []


@pytest.mark.parametrize("by_time", [True, False])
@given(values=st.lists(rows, max_size=30))
def test_rows_are_sorted_as_polars_does_nulls_first(values: list[Row], by_time: bool) -> None:
    if by_time:  # so that only ties are out of order
        values = sorted(values, key=lambda value: value[0])
    frame = pl.DataFrame(
        [(START + timedelta(days=day), text, number, place) for place, (day, text, number) in enumerate(values)],
        schema={"time": pl.Datetime("us"), "text": pl.String, "number": pl.Int64, "place": pl.Int64},
        orient="row",
    )
    expected = frame.sort("time", "text", "number", maintain_order=True)
    assert sort_rows(frame, ["time", "text", "number"]).equals(expected)
