"""What the live store holds of items since a version was trained, laid over the version's own arrays."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import orjson

from artifacts.live.activity import EventType
from artifacts.live.events import ItemEvent
from artifacts.live.items import ITEM_FIELDS, LiveItem
from artifacts.model.catalogue import NO_CATEGORY, Catalogue, is_price
from artifacts.model.categories import as_categories
from artifacts.model.half_lives import RECENT_DAYS, SECONDS_PER_DAY, decay
from artifacts.model.ids import UNKNOWN, TextColumn, encode_ids
from artifacts.model.model import Model, Popularity
from artifacts.model.patched_texts import patch_texts
from artifacts.model.unseen import UnseenItem

FAR_SECONDS = 500 * RECENT_DAYS * SECONDS_PER_DAY  # 2 ** 500 times as much: a float holds twice that


@dataclass
class ChangesSinceTraining:
    """The changes above the number `since` and up to `up_to`: items as they are then, and what was done with items.

    All by id: `sold` are purchases, decayed to the moment `at`; `looks` how often an item was looked at. `newest` is
    the last purchase's moment; moments are Unix seconds. `changed` is the number of the last purchase or change of an
    item, 0 where there was none.
    """

    since: int
    up_to: int
    at: float
    newest: float = -math.inf
    items: dict[str, LiveItem] = field(default_factory=dict)
    sold: dict[str, float] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)
    changed: int = 0

    def add_items(self, items: Iterable[LiveItem], last: int = 0) -> None:
        """Items as they are by now, the number of the last change being `last`."""
        self.items.update((item.item_id, item) for item in items)
        self.changed = max(self.changed, last)

    def add_events(self, events: Iterable[ItemEvent]) -> None:
        """More events, each once. A return takes nothing back: training counts what was bought, too."""
        for event in events:
            if event.type == EventType.PURCHASE:
                self._come_near(event.time)
                self.sold[event.item_id] = self.sold.get(event.item_id, 0.0) + decay(self.at - event.time, RECENT_DAYS)
                self.newest = max(self.newest, event.time)
                self.changed = max(self.changed, event.seq)
            elif event.type != EventType.RETURN:
                self.looks[event.item_id] = self.looks.get(event.item_id, 0) + 1

    def _come_near(self, moment: float) -> None:
        """Move `at` to a moment as of which a purchase of `at` is as good as none, and one of then may be beyond what a
        float holds."""
        if moment - self.at > FAR_SECONDS:
            faded = decay(moment - self.at, RECENT_DAYS)
            self.sold = {item_id: much * faded for item_id, much in self.sold.items()}
            self.at = moment


def no_changes(version: Model) -> ChangesSinceTraining:
    """What is known to begin with: what the version was trained with."""
    return ChangesSinceTraining(since=version.live_seq, up_to=version.live_seq, at=version.recipe.until)


class Overlay:
    """A version with the changes to its items: stock, prices, texts, what sells now, and items it has not seen.

    `model` is the version to be asked, a frozen value; `opened` is it as it was opened. Adding changes costs what there
    is of them, and copies of the arrays that they concern, however many there were before.
    """

    def __init__(self, opened: Model, since_training: ChangesSinceTraining) -> None:
        """With all changes so far; from now on `since_training` is the overlay's own."""
        self.opened = self.model = opened
        self.since_training = since_training
        self._item_indexes: dict[str, int] = {}
        self._lay(since_training.items.keys(), {*since_training.sold, *since_training.looks})

    def add(self, items: Collection[LiveItem], events: Collection[ItemEvent], up_to: int, last: int = 0) -> None:
        """Lay over further changes, up to a number, that of the last change of an item being `last`."""
        self.since_training.add_items(items, last)
        self.since_training.add_events(events)
        self.since_training.up_to = up_to
        self._lay({item.item_id for item in items}, {event.item_id for event in events})

    def _lay(self, changed: Collection[str], moved: Collection[str]) -> None:
        """Bring the model up to date with the items of these ids, and with the demand for those."""
        model, since_training = self.model, self.since_training
        items = {
            item_index: since_training.items[item_id]
            for item_id in changed
            if (item_index := self._item_index(item_id)) != UNKNOWN
        }
        if items:
            catalogue = _changed(model.catalogue, self.opened.catalogue, items)
            model = replace(model, catalogue=catalogue, shown=patch_texts(model.shown, _shown(catalogue, items)))
        if any(item_id in since_training.sold and self._item_index(item_id) != UNKNOWN for item_id in moved):
            model = replace(model, popularity=self._popularity())
        if any(
            item_id in since_training.items and self._item_index(item_id) == UNKNOWN for item_id in (*changed, *moved)
        ):
            model = replace(model, unseen=self._unseen())
        self.model = model

    def _item_index(self, item_id: str) -> int:
        """The item's index, or UNKNOWN."""
        item_index = self._item_indexes.get(item_id)
        if item_index is None:
            item_index = self._item_indexes[item_id] = self.opened.item_ids.find(item_id)
        return item_index

    def _popularity(self) -> Popularity:
        """Recent sales as of the last purchase that is known. Items that sell alike keep the version's order."""
        opened, since_training = self.opened.popularity, self.since_training
        until = self.opened.recipe.until
        moment = max(until, since_training.newest)
        sold = {
            item_index: much
            for item_id, much in since_training.sold.items()
            if (item_index := self._item_index(item_id)) != UNKNOWN
        }
        recent = opened.recent * np.float32(decay(moment - until, RECENT_DAYS))
        # In float64 until it is now: as of a version of years ago, a purchase counts more than float32 holds.
        recent[list(sold)] += (np.array(list(sold.values())) * decay(moment - since_training.at, RECENT_DAYS)).astype(
            np.float32
        )
        return replace(opened, recent=recent, order=opened.order[np.argsort(-recent[opened.order], kind="stable")])

    def _unseen(self) -> tuple[UnseenItem, ...]:
        """The items the version does not know, those in most demand first."""
        since_training = self.since_training

        def demand(item: LiveItem) -> tuple[float, int, str]:
            return -since_training.sold.get(item.item_id, 0.0), -since_training.looks.get(item.item_id, 0), item.item_id

        unknown = [item for item in since_training.items.values() if self._item_index(item.item_id) == UNKNOWN]
        return tuple(_as_unseen(item) for item in sorted(unknown, key=demand))


def _shown(catalogue: Catalogue, changed: Mapping[int, LiveItem]) -> dict[int, bytes]:
    return {
        item_index: orjson.dumps({"item_id": item.item_id, **catalogue.describe(item_index)})[1:-1]
        for item_index, item in changed.items()
    }


def _changed(catalogue: Catalogue, opened: Catalogue, changed: Mapping[int, LiveItem]) -> Catalogue:
    """The catalogue with changed items; what is None of them is as the version has it."""
    available, price = catalogue.available.copy(), catalogue.price.copy()
    for item_index, item in changed.items():
        available[item_index] = opened.available[item_index] if item.available is None else item.available
        price[item_index] = item.price if item.price is not None and is_price(item.price) else opened.price[item_index]
    categories = {item_index: item.category or _category(opened, item_index) for item_index, item in changed.items()}
    return replace(
        _categorised(catalogue, categories),
        available=available,
        price=price,
        titles=patch_texts(catalogue.titles, _texts(opened.titles, changed, "title")),
        image_urls=patch_texts(catalogue.image_urls, _texts(opened.image_urls, changed, "image_url")),
        product_urls=patch_texts(catalogue.product_urls, _texts(opened.product_urls, changed, "product_url")),
    )


def _texts(opened: TextColumn, changed: Mapping[int, LiveItem], name: str) -> dict[int, bytes]:
    texts = {item_index: getattr(item, name) for item_index, item in changed.items()}
    return {
        item_index: opened.encoded(item_index) if text is None else text.encode() for item_index, text in texts.items()
    }


def _category(catalogue: Catalogue, item_index: int) -> str | None:
    code = int(catalogue.category[item_index])
    return None if code == NO_CATEGORY else catalogue.categories[code]


def _categorised(catalogue: Catalogue, names: Mapping[int, str | None]) -> Catalogue:
    """With items of other categories, some of them new."""
    if all(_category(catalogue, item_index) == name for item_index, name in names.items()):
        return catalogue
    former = [catalogue.categories[code] for code in range(len(catalogue.categories))]
    new = {name for name in names.values() if name is not None}
    categories = as_categories(encode_ids(sorted({*former, *new}, key=str.encode)))
    codes = np.array([*(categories.find(name) for name in former), NO_CATEGORY], np.int32)
    category = codes[catalogue.category]  # NO_CATEGORY, -1, is the last of them
    for item_index, name in names.items():
        category[item_index] = NO_CATEGORY if name is None else categories.find(name)
    return replace(catalogue, categories=categories, category=category)


def _as_unseen(item: LiveItem) -> UnseenItem:
    texts = {name: getattr(item, name) for name in ITEM_FIELDS if name != "available"}
    given = {name: value for name, value in texts.items() if value is not None and value != ""}
    price = item.price if item.price is not None and is_price(item.price) else None
    if price is None:
        given.pop("price", None)
    return UnseenItem(item.item_id, item.available is not False, item.category, price, given)
