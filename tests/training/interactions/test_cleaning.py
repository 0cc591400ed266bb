"""What is dropped and why, with planted rows of every kind; returns against a shop that keeps its stock one by one."""

from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.config import Clean, Config
from training.interactions.cleaning import bots, clean
from training.reading.columns import parse
from training.reading.returns import settle

NOW = datetime.fromisoformat("2024-06-01")
START = datetime.fromisoformat("2024-03-01")

Row = dict[str, object]


def row(**changes: object) -> Row:
    """A good purchase, but for the changes."""
    good = {"user_id": "u", "item_id": "1", "time": START, "basket_id": "b", "event": "purchase",
            "quantity": 1.0, "price": 2.5}  # fmt: skip
    return good | changes


def later(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def cleaned(rows: list[Row], config: Config | None = None) -> tuple[pl.DataFrame, dict[str, int]]:
    result = clean(parse(pl.DataFrame(rows, infer_schema_length=None)), config or Config(), NOW)
    return result.rows, dict(result.table)


def rules(**settings: object) -> Config:
    return Config(clean=Clean.model_validate(settings))


def test_every_reason_counts_exactly_its_planted_rows() -> None:
    planted = {
        "no item": [row(item_id=None), row(item_id=" ")],
        "bad time": [row(time=None), row(time=NOW + timedelta(days=2)), row(time=NOW + timedelta(days=400))],
        "no user and no basket": [row(user_id=None, basket_id=None)],
        "event without a weight": [row(event="login"), row(event=None)],
        "no product code": [row(item_id="POST"), row(item_id="M"), row(item_id="BANK CHARGES")],
        "duplicate": [row(item_id="4"), row(item_id="4")],
        "cancelled or returned": [row(basket_id="C1", item_id="5", quantity=-1.0)],
        "price or quantity not positive": [row(price=0.0), row(price=-1.0), row(quantity=0.0),
                                           row(price=float("inf")), row(price=float("nan"))],
        "bought and returned": [row(item_id="5", time=later(-1))],
        "bot": [row(user_id="bot", time=later(second / 3600)) for second in range(1001)],
    }  # fmt: skip
    good = [row(user_id=f"u{n}", item_id="9") for n in range(5)] + [row(item_id="4"), row(price=None, item_id="7")]
    guests = [row(user_id=None, basket_id="g", item_id=item) for item in ("1", "2")]
    rows, table = cleaned(
        [bad for kind in planted.values() for bad in kind] + good + guests,
        rules(product_item=r"^\d", cancelled_basket="^C"),
    )
    for reason, bad in planted.items():
        assert (reason, table[reason]) == (reason, len(bad))
    assert table["read"] == sum(map(len, planted.values())) + 9
    assert table["kept"] == rows.height == 9
    assert table["of these guests', kept as baskets"] == rows["user_id"].null_count() == 2


def test_read_is_dropped_plus_kept_whatever_comes() -> None:
    rows = [row(user_id=user, item_id=item, quantity=quantity, price=price, basket_id=basket)
            for user in ("u", None) for item in ("1", "X", None) for quantity in (-1.0, 0.0, 3.0, None)
            for price in (-1.0, 1.0, None) for basket in ("b", "C1", None)]  # fmt: skip
    kept, table = cleaned(rows * 2, rules(product_item=r"^\d", cancelled_basket="^C"))
    steps = {what: count for what, count in table.items() if not what.startswith("of these")}
    assert steps.pop("read") == len(rows) * 2 == sum(steps.values())
    assert table["kept"] == kept.height
    assert kept.filter(pl.col("quantity") <= 0).is_empty()
    assert kept.select("item_id", "time", "basket_id", "event", "quantity").null_count().row(0) == (0,) * 5


def test_a_view_has_no_price_or_quantity_and_is_kept() -> None:
    rows, _ = cleaned([row(event="view", price=None, quantity=None, basket_id=None)])
    assert rows["quantity"].to_list() == [1.0]


def test_rows_without_a_basket_share_one_per_user_and_moment() -> None:
    moments = [("a", 0), ("a", 0), ("a", 1), ("b", 0)]
    rows, _ = cleaned(
        [row(user_id=user, item_id=str(n), time=later(hour), basket_id=None) for n, (user, hour) in enumerate(moments)]
    )
    by_item = dict(rows.select("item_id", "basket_id").iter_rows())
    assert by_item["0"] == by_item["1"]
    assert len({by_item["0"], by_item["2"], by_item["3"]}) == 3


def test_what_differs_in_one_thing_is_no_duplicate() -> None:
    others: list[Row] = [{"user_id": "v"}, {"item_id": "2"}, {"time": later(1)}, {"basket_id": "c"}, {"quantity": 2.0},
              {"price": 3.0}, {"event": "view"}, {"user_id": None}]  # fmt: skip
    rows, table = cleaned([row(), row(), *(row(**other) for other in others), row(user_id=None)])
    assert (table["duplicate"], rows.height) == (2, 9)


def test_a_return_cancels_the_latest_earlier_purchase_and_no_other() -> None:
    rows, table = cleaned(
        [
            row(time=later(0), quantity=1.0, basket_id="first"),
            row(time=later(1), quantity=2.0, basket_id="second"),
            row(time=later(2), quantity=-2.0, basket_id="back"),
            row(time=later(3), quantity=2.0, basket_id="after"),
            row(time=later(1), quantity=2.0, basket_id="other item", item_id="2"),
            row(time=later(1), quantity=2.0, basket_id="other user", user_id="v"),
            row(time=later(1), basket_id="guest", user_id=None),
        ]
    )
    assert set(rows["basket_id"]) == {"first", "after", "other item", "other user", "guest"}
    assert table["bought and returned"] == 1
    assert table["of these for no earlier purchase"] == 0


def test_a_return_of_a_part_leaves_the_rest_and_one_of_more_goes_on_to_the_purchase_before() -> None:
    rows, table = cleaned(
        [
            row(time=later(0), quantity=5.0, basket_id="first"),
            row(time=later(1), quantity=2.0, basket_id="second"),
            row(time=later(2), quantity=-3.0, basket_id="back"),
        ]
    )
    assert rows.select("basket_id", "quantity").rows() == [("first", 4.0)]
    assert table["of these returned in part"] == 1


def test_a_cancelled_basket_returns_whatever_the_sign_of_its_quantities() -> None:
    bought = [row(item_id=item, quantity=3.0) for item in ("1", "2", "3")]
    back = [row(item_id=item, time=later(1), basket_id="C9", quantity=quantity)
            for item, quantity in (("1", 3.0), ("2", -3.0), ("3", None))]  # fmt: skip
    rows, _ = cleaned(bought + back, rules(cancelled_basket="^C"))
    assert rows.select("item_id", "quantity").rows() == [("3", 2.0)]


def test_returns_without_a_purchase_are_told_apart() -> None:
    _, table = cleaned(
        [
            row(time=later(1)),
            row(time=later(0), quantity=-1.0),  # before the purchase
            row(time=later(2), quantity=-1.0, user_id=None),  # a guest's
            row(time=later(2), quantity=-1.0, item_id="2"),  # never bought
            row(time=later(2), quantity=-9.0),  # more than was bought, but something was
            row(item_id="9"),
        ]
    )
    assert (table["cancelled or returned"], table["of these for no earlier purchase"]) == (4, 3)


def test_a_return_cancels_no_view() -> None:
    rows, _ = cleaned([row(event="view"), row(time=later(1)), row(time=later(2), quantity=-1.0)])
    assert rows["event"].to_list() == ["view"]


STEPS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 5), st.booleans(), st.integers(1, 4)), min_size=1, max_size=30
)


@given(STEPS)
def test_settling_is_what_a_stack_of_units_does(steps: list[tuple[str, int, bool, int]]) -> None:
    frame = pl.DataFrame(
        [(n, "u", item, later(hour), back, float(units)) for n, (item, hour, back, units) in enumerate(steps)],
        schema={"row": pl.UInt32, "user_id": pl.String, "item_id": pl.String, "time": pl.Datetime("us"),
                "back": pl.Boolean, "quantity": pl.Float64},
        orient="row",
    )  # fmt: skip
    expected = dict.fromkeys(range(len(steps)), 0.0)
    stacks: dict[str, list[int]] = {"a": [], "b": []}
    for number, item, back, units in sorted(
        ((n, item, back, units) for n, (item, _, back, units) in enumerate(steps)),
        key=lambda step: (steps[step[0]][1], step[2], step[0]),
    ):
        for _ in range(units):
            if not back:
                stacks[item].append(number)
            elif stacks[item]:
                stacks[item].pop()
            else:
                expected[number] += 1
    for bought in (unit for stack in stacks.values() for unit in stack):
        expected[bought] += 1
    left = settle(frame.filter(~pl.col("back")), frame.filter("back"))
    returned_items = set(frame.filter("back")["item_id"])
    assert dict(left.select("row", "left").iter_rows()) == {
        number: units for number, units in expected.items() if steps[number][0] in returned_items
    }


def test_fractions_brought_back_in_parts_leave_nothing() -> None:
    rows, _ = cleaned([row(quantity=0.3), *(row(time=later(n), quantity=-0.1) for n in (1, 2, 3)), row(item_id="9")])
    assert rows["item_id"].to_list() == ["9"]


def activity(moments: dict[str, int], lines: int = 1) -> pl.DataFrame:
    return pl.DataFrame(
        [(user, later(hour)) for user, count in moments.items() for hour in range(count) for _ in range(lines)],
        schema={"user_id": pl.String, "time": pl.Datetime("us")},
        orient="row",
    )


def test_a_bot_stands_far_above_the_others_and_is_busy() -> None:
    people = {f"u{n}": 5 + n % 20 for n in range(200)}
    assert bots(activity(people | {"bot": 3000})).to_list() == ["bot"]
    assert bots(activity(people | {"busy": 1000})).is_empty()  # an outlier, but a possible one
    assert bots(activity({f"u{n}": 300 * (n + 1) for n in range(10)})).is_empty()  # all are busy: no outlier


def test_a_wholesalers_long_orders_make_no_bot() -> None:
    people = activity({f"u{n}": 5 for n in range(50)})
    assert bots(pl.concat([people, activity({"wholesaler": 250}, lines=40)])).is_empty()


def test_bots_may_be_kept_and_nobody_is_no_bot() -> None:
    rows = [row(user_id="bot", time=later(hour)) for hour in range(1500)]
    rows += [row(user_id=f"u{n}") for n in range(9)]
    assert cleaned(rows)[1]["bot"] == 1500
    assert "bot" not in cleaned(rows, rules(bots=False))[1]
    assert bots(activity({})).is_empty()


def test_rare_users_and_items_go_until_nothing_is_rare() -> None:
    pairs = map(
        tuple, ["a1", "a2", "b1", "b2", "c2", "c3", "d3"]
    )  # d has one event; without it, so has 3; then so has c
    rows, table = cleaned(
        [row(user_id=user, item_id=item) for user, item in pairs] + [row(user_id=None, item_id="2")],
        rules(min_events_per_user=2, min_events_per_item=2),
    )
    assert rows.select("user_id", "item_id").sort("user_id", "item_id", nulls_last=True).rows() == [
        ("a", "1"), ("a", "2"), ("b", "1"), ("b", "2"), (None, "2"),
    ]  # fmt: skip
    assert table["user with fewer than 2 events"] == 2
    assert table["item with fewer than 2 events"] == 1


def test_what_is_kept_does_not_depend_on_the_order_of_the_rows() -> None:
    rows = [row(user_id=user, item_id=item, time=later(hour), basket_id=None, quantity=units)
            for user in ("u", "v", "w") for item in ("1", "2")
            for hour, units in enumerate((2.0, 1.0, -2.0, 4.0))]  # fmt: skip
    assert cleaned(rows)[0].equals(cleaned(rows[::-1])[0])


@pytest.mark.parametrize("column", ["user_id", "item_id", "basket_id"])
def test_ids_keep_their_leading_zeros(column: str) -> None:
    assert cleaned([row(**{column: "00123"})])[0][column].to_list() == ["00123"]
