"""What the shop changed of its items since training: stock, prices, texts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import time as now
from typing import Any, NamedTuple

import sqlalchemy as sa

from artifacts.live.counter import take, watermark
from artifacts.live.database import Database, limited
from artifacts.live.schema import ITEMS
from artifacts.live.sound_rows import sound_item

READ_AT_ONCE = 10_000  # rows


class LiveItem(NamedTuple):
    """An item as the shop changed it; None where it did not, or took it back: there the model's catalogue counts."""

    item_id: str
    available: bool | None = None
    price: float | None = None
    title: str | None = None
    category: str | None = None
    image_url: str | None = None
    product_url: str | None = None


ITEM_FIELDS = LiveItem._fields[1:]


@dataclass(frozen=True)
class ItemChanges:
    """The items that changed above a number, each as it is now, oldest change first; `up_to` is where to go on, `last`
    the number of the last change, 0 where there was none."""

    up_to: int
    items: tuple[LiveItem, ...]
    last: int = 0


class ItemUpdate(NamedTuple):
    """A change to an item: `fields` holds those that change, by name; None goes back to the model's catalogue."""

    item_id: str
    fields: Mapping[str, Any]


_COLUMNS = [ITEMS.c[name] for name in LiveItem._fields]
_ABOVE = limited(
    sa.select(*_COLUMNS, ITEMS.c.seq)
    .where(ITEMS.c.seq > sa.bindparam("after"), ITEMS.c.seq <= sa.bindparam("up_to"))
    .order_by(ITEMS.c.seq),
    READ_AT_ONCE,
)
_NAMED = sa.select(*_COLUMNS).where(ITEMS.c.item_id.in_(sa.bindparam("item_ids", expanding=True)))


def put_items(database: Database, brought: Callable[[], Sequence[Sequence[ItemUpdate]]]) -> list[tuple[LiveItem, ...]]:
    """Change items, known or new, in one transaction; of several changes to one item the later counts. `brought`
    answers lists of changes, as late as can be: when it is this process's turn to write.

    Answers for each list its items as they are then, each once. Those that stay as they were are no change to a
    follower. Raises LiveUnavailableError.
    """

    def work(connection: sa.Connection) -> list[tuple[LiveItem, ...]]:
        lists = brought()
        after = _change(connection, database, [update for updates in lists for update in updates])
        return [tuple(after[name] for name in dict.fromkeys(update.item_id for update in updates)) for updates in lists]

    return database.write(work)


def _change(connection: sa.Connection, database: Database, updates: Sequence[ItemUpdate]) -> dict[str, LiveItem]:
    """The items that the updates name as they are then, by item_id."""
    numbers = take(connection, database, len(updates))
    names = {update.item_id for update in updates}
    before = {row.item_id: LiveItem(*row) for row in connection.execute(_NAMED, {"item_ids": list(names)})}
    after = {name: before.get(name, LiveItem(name)) for name in names}
    for update in updates:
        after[update.item_id] = after[update.item_id]._replace(**update.fields)
    changed = [item for name, item in after.items() if item != before.get(name)]
    if not changed:
        connection.rollback()
        return after
    moment = now()
    connection.execute(
        sa.delete(ITEMS).where(ITEMS.c.item_id.in_([item.item_id for item in changed if item.item_id in before]))
    )
    rows = [{**item._asdict(), "seq": seq, "changed": moment} for seq, item in zip(numbers, changed, strict=False)]
    connection.execute(sa.insert(ITEMS), rows)
    return after


def read_changes(database: Database, after: int) -> ItemChanges:
    """The items that changed above a number; cheap where nothing did. Raises LiveUnavailableError."""
    up_to = watermark(database)
    items: list[LiveItem] = []
    while after < up_to and (rows := database.read(_ABOVE, {"after": after, "up_to": up_to}, patient=True)):
        items.extend(item for row in rows if (item := sound_item(_item(row), row[-1], database.skipped)) is not None)
        after = rows[-1][-1]
    return ItemChanges(up_to, tuple(items), after if items else 0)


def _item(row: Sequence[Any]) -> LiveItem:
    """SQLite's driver knows no booleans."""
    item_id, available, *others, _ = row
    return LiveItem(item_id, None if available is None else bool(available), *others)
