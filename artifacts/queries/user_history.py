"""A trained history brought up to date with what happened since."""

import math
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from artifacts.live.activity import EventType, LiveEvent, UserActivity
from artifacts.model.ids import UNKNOWN
from artifacts.model.model import Model, UserInteractions


@dataclass
class _Entry:
    """What somebody did with one item. `units` holds what is left of each purchase since training, by its moment;
    `looks` the event weight of looks, by theirs."""

    strength: float = 0.0
    times_bought: int = 0
    frequency: float = 0.0
    first: int = 0
    last: int = 0
    units: dict[float, float] = field(default_factory=dict)
    looks: dict[float, float] = field(default_factory=dict)


def updated_history(model: Model, trained: UserInteractions, activity: UserActivity) -> UserInteractions:
    """The interactions with the purchases, returns and looks since training; the very same where none of those counts.

    A fresh event has the strength that training would give it: its type's weight times that of a fresh purchase. What
    a user did with an item at one moment is one event, the weightiest. A return takes the latest units first; where
    none were bought since training, one of the trained purchases. Items the version does not know are left out.
    """
    found = {event.item_id: model.item_ids.find(event.item_id) for event in (*activity.orders, *activity.looks)}
    items = sorted(set(found.values()) - {UNKNOWN})
    if not items:
        return trained
    entries = {item: _Entry() for item in items}
    others = np.ones(len(trained.items), np.bool_)
    for item, place in zip(items, trained.items.searchsorted(items).tolist(), strict=True):
        if place < len(others) and trained.items[place] == item:
            entries[item] = _trained_entry(trained, place)
            others[place] = False
    for event in sorted(activity.orders, key=in_turn):
        if (item := found[event.item_id]) != UNKNOWN:
            _order(entries[item], event)
    for event in activity.looks:
        if (item := found[event.item_id]) != UNKNOWN:
            _look(entries[item], event, model.recipe.event_weights.get(event.type, 0.0))
    purchase = model.recipe.event_weights.get(EventType.PURCHASE, 1.0)
    return _merged(trained, others, _interactions(entries, model.recipe.event_strength, purchase))


def purchases_since_training(activity: UserActivity) -> dict[str, list[float]]:
    """The moments (Unix seconds) at which each item was bought since training, but for what was returned since; items
    that the version does not know are among them."""
    entries: dict[str, _Entry] = {}
    for event in sorted(activity.orders, key=in_turn):
        _order(entries.setdefault(event.item_id, _Entry()), event)
    return {item_id: list(entry.units) for item_id, entry in entries.items() if entry.units}


def in_turn(event: LiveEvent) -> tuple[float, bool, int]:
    """By time, whenever it arrived; at one moment, what is returned was bought before."""
    return event.time, event.type == EventType.RETURN, event.seq


def _trained_entry(trained: UserInteractions, place: int) -> _Entry:
    columns = (trained.strength, trained.times_bought, trained.frequency, trained.first, trained.last)
    return _Entry(*(column[place].item() for column in columns))


def _order(entry: _Entry, event: LiveEvent) -> None:
    quantity = event.quantity or 1.0
    if event.type == EventType.PURCHASE:
        entry.units[event.time] = entry.units.get(event.time, 0.0) + quantity
        return
    if not entry.units and entry.times_bought:
        _give_back(entry)
    while quantity > 0 and entry.units:
        moment, left = entry.units.popitem()
        if left > quantity:
            entry.units[moment] = left - quantity
        quantity -= left


def _give_back(entry: _Entry) -> None:
    """One of the trained purchases."""
    share = 1 - 1 / entry.times_bought
    entry.strength *= share
    entry.frequency = math.log1p(math.expm1(entry.frequency) * share)
    entry.times_bought -= 1


def _look(entry: _Entry, event: LiveEvent, weight: float) -> None:
    entry.looks[event.time] = max(entry.looks.get(event.time, 0.0), weight)
    if not entry.times_bought and not entry.units:
        entry.first = min(entry.first or int(event.time), int(event.time))
        entry.last = max(entry.last, int(event.time))


def _interactions(entries: dict[int, _Entry], event_strength: float, purchase: float) -> UserInteractions:
    """Of entries whose items ascend, without those whose strength is gone."""
    kept = []
    for item, entry in entries.items():
        bought = entry.times_bought + len(entry.units)
        looks = sum(weight for moment, weight in entry.looks.items() if moment not in entry.units)
        strength = entry.strength + event_strength * (purchase * len(entry.units) + looks)
        if strength > 0:
            moments = [int(moment) for moment in entry.units]
            first = entry.first if entry.times_bought or not moments else min(moments)
            last = max([entry.last, *moments]) if entry.times_bought else max(moments, default=entry.last)
            frequency = math.log1p(math.expm1(entry.frequency) + len(entry.units))
            kept.append((item, strength, bought, frequency, first, last))
    columns = zip(*kept, strict=True) if kept else [()] * 6
    kinds = (np.int32, np.float32, np.int32, np.float32, np.int64, np.int64)
    return UserInteractions(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))


def _merged(trained: UserInteractions, others: npt.NDArray[np.bool_], updated: UserInteractions) -> UserInteractions:
    """What was updated, and of the trained interactions the `others` (n_entries,), by item."""
    order = np.argsort(np.concatenate([trained.items[others], updated.items]))
    names = [column.name for column in fields(UserInteractions)]
    return UserInteractions(
        *(np.concatenate([getattr(trained, name)[others], getattr(updated, name)])[order] for name in names)
    )
