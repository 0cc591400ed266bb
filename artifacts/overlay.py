"""What the live store says of items since a version was trained, laid over the version's own arrays."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import orjson

from artifacts.catalogue import Catalogue
from artifacts.ids import UNKNOWN, TextColumn, encode_ids
from artifacts.lately import EventType, UnseenItem
from artifacts.live.events import ItemEvent
from artifacts.live.items import ITEM_FIELDS, LiveItem
from artifacts.model import Model, Popularity
from artifacts.scoring import RECENT_DAYS, SECONDS_PER_DAY


@dataclass(frozen=True, slots=True)
class Demand:
    """Events of an item: `sold`, purchases decayed to the time `at` (Unix seconds), and how often it was looked at."""

    sold: float = 0.0
    at: float = 0.0
    looks: int = 0

    def sold_by(self, moment: float) -> float:
        """The purchases, decayed to a later moment."""
        return self.sold * math.exp2((self.at - moment) / SECONDS_PER_DAY / RECENT_DAYS)

    def with_event(self, event: ItemEvent) -> "Demand":
        """With one more."""
        if event.type != EventType.PURCHASE:
            return replace(self, looks=self.looks + 1)
        at = max(self.at, event.time)
        return Demand(self.sold_by(at) + Demand(1.0, event.time).sold_by(at), at, self.looks)


@dataclass
class Told:
    """What was told since a number: the items that changed, as they are now, and the demand for items, both by id.

    `items_up_to` and `events_up_to` are the numbers of the last change and the last event that are in it.
    """

    items_up_to: int
    events_up_to: int
    items: dict[str, LiveItem] = field(default_factory=dict)
    demand: dict[str, Demand] = field(default_factory=dict)

    def add_items(self, items: Iterable[LiveItem], up_to: int) -> bool:
        """Take changes in; whether there were any."""
        news = {item.item_id: item for item in items}
        self.items.update(news)
        self.items_up_to = up_to
        return bool(news)

    def add_events(self, events: Iterable[ItemEvent]) -> bool:
        """Take events in; whether there were any."""
        before = self.events_up_to
        for event in events:
            self.demand[event.item_id] = self.demand.get(event.item_id, Demand()).with_event(event)
            self.events_up_to = event.seq
        return self.events_up_to > before


@dataclass(frozen=True)
class PatchedTexts(TextColumn):
    """A column of texts some of which are other ones by now: `patches` holds these in UTF-8, by their place."""

    patches: Mapping[int, bytes]

    def encoded(self, index: int) -> bytes:
        patch = self.patches.get(index)
        return super().encoded(index) if patch is None else patch


def overlaid(model: Model, told: Told) -> Model:
    """The version with what was told of its items: stock, prices, texts, what sells now, and items it has not seen."""
    changed = {index: item for item in told.items.values() if (index := model.item_ids.find(item.item_id)) != UNKNOWN}
    catalogue = _change(model.catalogue, changed)
    shown = {
        index: orjson.dumps({"item_id": item.item_id, **catalogue.describe(index)})[1:-1]
        for index, item in changed.items()
    }
    return replace(
        model,
        catalogue=catalogue,
        shown=_patch(model.shown, shown),
        popularity=_sell(model, told.demand),
        unseen=_unseen(model, told),
    )


def _change(catalogue: Catalogue, changed: Mapping[int, LiveItem]) -> Catalogue:
    if not changed:
        return catalogue
    available, price = catalogue.available.copy(), catalogue.price.copy()
    for index, item in changed.items():
        if item.available is not None:
            available[index] = item.available
        if item.price is not None:
            price[index] = item.price
    categorised = _categorise(catalogue, {index: item.category for index, item in changed.items() if item.category})
    return replace(
        categorised,
        available=available,
        price=price,
        titles=_patch(catalogue.titles, _said(changed, "title")),
        image_urls=_patch(catalogue.image_urls, _said(changed, "image_url")),
        product_urls=_patch(catalogue.product_urls, _said(changed, "product_url")),
    )


def _said(changed: Mapping[int, LiveItem], name: str) -> dict[int, bytes]:
    return {index: text.encode() for index, item in changed.items() if (text := getattr(item, name)) is not None}


def _patch(column: TextColumn, patches: Mapping[int, bytes]) -> TextColumn:
    return PatchedTexts(column.offsets, column.data, patches) if patches else column


def _categorise(catalogue: Catalogue, names: Mapping[int, str]) -> Catalogue:
    """With items of other categories, some of them new."""
    if not names:
        return catalogue
    former = [catalogue.categories[code] for code in range(len(catalogue.categories))]
    categories = encode_ids(sorted({*former, *names.values()}, key=str.encode))
    codes = np.array([*(categories.find(name) for name in former), UNKNOWN], np.int32)
    category = codes[catalogue.category]  # NO_CATEGORY, -1, is the last of them
    for index, name in names.items():
        category[index] = categories.find(name)
    return replace(catalogue, categories=categories, category=category)


def _sell(model: Model, demand: Mapping[str, Demand]) -> Popularity:
    """Recent sales as of the last purchase that is known. Items whose sales are alike keep the version's order."""
    sold = {
        index: one for item_id, one in demand.items() if one.sold and (index := model.item_ids.find(item_id)) != UNKNOWN
    }
    if not sold:
        return model.popularity
    moment = max(model.recipe.until, *(one.at for one in sold.values()))
    recent = model.popularity.recent * np.float32(Demand(1.0, model.recipe.until).sold_by(moment))
    recent[list(sold)] += np.array([one.sold_by(moment) for one in sold.values()], np.float32)
    return replace(model.popularity, recent=recent, order=_reorder(model.popularity.order, recent, list(sold)))


def _reorder(order: npt.NDArray[np.int32], recent: npt.NDArray[np.float32], moved: list[int]) -> npt.NDArray[np.int32]:
    """The order (n_items,) by recent sales, of which only those of `moved` have changed places."""
    stays = np.ones(len(order), np.bool_)
    stays[moved] = False
    rest = order[stays[order]]
    inserted = np.array(sorted(moved, key=lambda index: (-recent[index], index)), np.int32)
    places = np.searchsorted(-recent[rest], -recent[inserted], side="left")
    return np.insert(rest, places, inserted)


def _unseen(model: Model, told: Told) -> tuple[UnseenItem, ...]:
    """The items the version does not know, those in most demand first."""
    moment = max([model.recipe.until, *(one.at for one in told.demand.values())])

    def demand(item: LiveItem) -> tuple[float, int, str]:
        one = told.demand.get(item.item_id, Demand())
        return -one.sold_by(moment), -one.looks, item.item_id

    unknown = [item for item in told.items.values() if model.item_ids.find(item.item_id) == UNKNOWN]
    return tuple(_as_unseen(item) for item in sorted(unknown, key=demand))


def _as_unseen(item: LiveItem) -> UnseenItem:
    said = {name: value for name in ITEM_FIELDS if name != "available" and (value := getattr(item, name)) is not None}
    return UnseenItem(item.item_id, item.available is not False, item.category, item.price, said)
