"""The one mask that every answer passes: which items may be in it."""

import numpy as np
import numpy.typing as npt

from artifacts.model.categories import names_of
from artifacts.model.model import Model
from artifacts.model.unseen import UnseenItem
from artifacts.queries.query import Filters

Mask = npt.NDArray[np.bool_]


def eligible_items(model: Model, filters: Filters, *excluded: npt.NDArray[np.int32]) -> Mask:
    """(n_items,) bool: in stock and within the filters, but none of the `excluded` item indexes. The caller may
    write to it."""
    catalogue = model.catalogue
    mask = catalogue.available.copy() if filters.in_stock else np.ones(len(model.item_ids), np.bool_)
    if filters.categories:
        mask &= wanted_categories(model, filters.categories)[catalogue.category]
    if filters.min_price is not None:
        mask &= catalogue.price >= filters.min_price
    if filters.max_price is not None:
        mask &= catalogue.price <= filters.max_price
    for items in excluded:
        if len(items):
            mask[items] = False
    return mask


def wanted_categories(model: Model, names: tuple[str, ...]) -> Mask:
    """(n_categories + 1,) bool: the texts that are within one of the categories. NO_CATEGORY, -1, is the last."""
    categories = model.catalogue.categories
    wanted = np.zeros(len(categories) + 1, np.bool_)
    for name in names:
        wanted[categories.within(name)] = True
    return wanted


def unknown_categories(model: Model, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the categories that no item is in, nor one that came after training, in the order given: a filter by
    them alone leaves nothing."""
    unknown = [name for name in names if not len(model.catalogue.categories.within(name))]
    if not unknown:
        return ()
    unseen = {name for item in model.unseen for name in names_of(item.category or "")}
    return tuple(name for name in unknown if name not in unseen)


def is_eligible(item: UnseenItem, filters: Filters) -> bool:
    """Whether an item that came after training is in stock and within the filters."""
    return (
        (item.available or not filters.in_stock)
        and (not filters.categories or not names_of(item.category or "").isdisjoint(filters.categories))
        and (filters.min_price is None or (item.price is not None and item.price >= filters.min_price))
        and (filters.max_price is None or (item.price is not None and item.price <= filters.max_price))
    )


def without(mask: Mask, *hidden: npt.NDArray[np.int32]) -> Mask:
    """The mask less the given item indexes."""
    narrowed = mask.copy()
    for items in hidden:
        narrowed[items] = False
    return narrowed


def only(mask: Mask, items: npt.NDArray[np.int32]) -> Mask:
    """The mask narrowed to the given item indexes."""
    narrowed = np.zeros_like(mask)
    narrowed[items] = mask[items]
    return narrowed
