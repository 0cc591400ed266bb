"""An opened version: a frozen value over memory-mapped arrays."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt

from artifacts.errors import BrokenVersionError
from artifacts.model.arrays import open_arrays, save_arrays
from artifacts.model.catalogue import Catalogue, no_prices, shown_item, shown_items
from artifacts.model.ids import IdTable, TextColumn
from artifacts.model.index import ItemIndex, open_index, save_index
from artifacts.model.patched_texts import patch_texts
from artifacts.model.quickscorer import Forest
from artifacts.model.recipe import Recipe, open_recipe
from artifacts.model.unseen import UnseenItem
from artifacts.publishing.manifest import Manifest, read_manifest


@dataclass(frozen=True)
class CsrRows:
    """Compressed sparse rows: `indptr` (n_rows + 1,) int64 tells where each row's entries start."""

    indptr: npt.NDArray[np.int64]

    def row(self, index: int) -> slice:
        """Where a row's entries stand."""
        return slice(int(self.indptr[index]), int(self.indptr[index + 1]))


@dataclass(frozen=True)
class UserInteractions:
    """What somebody did with which item, one entry an item, items ascending.

    All are (n_entries,): `items` int32; `strength` float32, the decayed and weighted interaction r_ui that ALS is
    fitted on, before alpha; `times_bought` int32, 0 where the user only looked; `frequency` float32, log(1 + decayed
    purchases); `first`, `last` int64, Unix seconds of the first and the last purchase, or look where there was none.
    """

    items: npt.NDArray[np.int32]
    strength: npt.NDArray[np.float32]
    times_bought: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.float32]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]


@dataclass(frozen=True)
class History(UserInteractions, CsrRows):
    """The interactions of all users: CSR rows over users; `indptr` (n_users + 1,) int64."""

    def of(self, user_index: int) -> UserInteractions:
        """One user's."""
        row = self.row(user_index)
        return UserInteractions(
            self.items[row],
            self.strength[row],
            self.times_bought[row],
            self.frequency[row],
            self.first[row],
            self.last[row],
        )


@dataclass(frozen=True)
class CoOccurrences(CsrRows):
    """Items found in the same groups, such as baskets: CSR rows over items, best first within a row.

    `indptr` (n_items + 1,) int64; all else is (n_entries,): `items` int32; `score` float32, what ranks them;
    `support` int32, groups with both; `confidence` float32, the share of the row item's groups that hold the
    other; `lift` float32, how many times that is above chance.
    """

    items: npt.NDArray[np.int32]
    score: npt.NDArray[np.float32]
    support: npt.NDArray[np.int32]
    confidence: npt.NDArray[np.float32]
    lift: npt.NDArray[np.float32]


@dataclass(frozen=True)
class BasketWeights(CsrRows):
    """What each item of a basket says for or against every other: CSR rows over items, by item within a row.

    `indptr` (n_items + 1,) int64; `items` (n_entries,) int32; `score` (n_entries,) float32. No entries at all where
    the catalogue is too large for it.
    """

    items: npt.NDArray[np.int32]
    score: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Similar:
    """Items that can stand in for an item, best first: `items` (n_items, n_similar) int32, -1 behind the last;
    `score` (n_items, n_similar) float32, the cosine of their factors."""

    items: npt.NDArray[np.int32]
    score: npt.NDArray[np.float32]


@dataclass(frozen=True)
class RankerFeatures:
    """What is known beforehand of the ranker's features: `items` (n_item_features, n_items) and `users` (n_users,
    n_user_features), float32, in the order of `artifacts.queries.ranker_features`."""

    items: npt.NDArray[np.float32]
    users: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Popularity:
    """What sells, (n_items,) each.

    `overall` float32, baskets ever: no query reads it, but it is part of format 1; `recent` float32, baskets decayed by
    their age (`decay.RECENT_DAYS`); `trend` float32, log ratio of recent to earlier sales; `repeat_rate` float32, the
    share of an item's buyers who came back for it; `order` int32, item indexes, best seller of now first.
    """

    overall: npt.NDArray[np.float32]
    recent: npt.NDArray[np.float32]
    trend: npt.NDArray[np.float32]
    repeat_rate: npt.NDArray[np.float32]
    order: npt.NDArray[np.int32]


def _files(name: str, derive: Callable[["Fitted"], Any] | None = None) -> dict[str, Any]:
    """The metadata of a field that `save_arrays` writes under that name; what is derived is not fitted, but follows
    from what is."""
    return {"files": name, "derive": derive}


@dataclass(frozen=True)
class Fitted:
    """All that training fits.

    `user_factors` is (n_users, n_factors) float32; `item_vectors` (n_items, 2 n_factors + 2) float32: ALS factors, the
    newcomers' taste, then the popularity and the trend column. `co_views` are items that are viewed together, None
    where the data has no views, or the version is older than they are.
    """

    user_ids: IdTable = field(metadata=_files("users.ids"))
    item_ids: IdTable = field(metadata=_files("items.ids"))
    user_factors: npt.NDArray[np.float32] = field(metadata=_files("users.factors"))
    item_vectors: npt.NDArray[np.float32] = field(metadata=_files("items.vectors"))
    history: History = field(metadata=_files("history"))
    co_purchases: CoOccurrences = field(metadata=_files("neighbours"))
    basket_weights: BasketWeights = field(metadata=_files("company"))
    similar: Similar = field(metadata=_files("similar"))
    popularity: Popularity = field(metadata=_files("popularity"))
    ranker_features: RankerFeatures = field(metadata=_files("ranking"))
    forest: Forest = field(metadata=_files("forest"))
    catalogue: Catalogue = field(metadata=_files("catalogue"))
    recipe: Recipe
    index: ItemIndex
    co_views: CoOccurrences | None = field(default=None, kw_only=True)

    @property
    def item_factors(self) -> npt.NDArray[np.float32]:
        """(n_items, n_factors) float32."""
        return self.item_vectors[:, : self.recipe.n_factors]

    @property
    def newcomer_vectors(self) -> npt.NDArray[np.float32]:
        """(n_items, n_factors) float32: the mean taste of who recently bought an item for the first time."""
        return self.item_vectors[:, self.recipe.n_factors : 2 * self.recipe.n_factors]


def _gram(fitted: Fitted) -> npt.NDArray[np.float64]:
    factors = fitted.item_factors.astype(np.float64)
    return np.asarray(factors.T @ factors)


def _item_masks(fitted: Fitted) -> npt.NDArray[np.uint32]:
    """No columns where there is no forest."""
    if len(fitted.forest) == 0:
        return np.empty((len(fitted.item_ids), 0), np.uint32)
    return fitted.forest.remaining(0, fitted.ranker_features.items)


def _shown(fitted: Fitted) -> TextColumn:
    return shown_items(fitted.item_ids, fitted.catalogue)


@dataclass(frozen=True)
class Model(Fitted):
    """Everything a version holds: what was fitted, and what follows from it.

    `gram` (n_factors, n_factors) float64 is Y^T Y over the item factors; `item_masks` (n_items, n_trees) uint32 is what
    the items' own features leave of the forest; `shown` is what an answer says of each item, as JSON members; `unseen`
    are items that came after training, those in most demand first.
    """

    gram: npt.NDArray[np.float64] = field(metadata=_files("items.gram", _gram))
    item_masks: npt.NDArray[np.uint32] = field(metadata=_files("items.masks", _item_masks))
    shown: TextColumn = field(metadata=_files("items.shown", _shown))
    manifest: Manifest
    unseen: tuple[UnseenItem, ...] = ()

    @property
    def version(self) -> str:
        return self.manifest.version

    @cached_property
    def live_seq(self) -> int:
        """The number of the last change in the live store that the version was trained with; 0 without one."""
        return int(self.manifest.data.get("live_seq", 0))

    @cached_property
    def unseen_by_id(self) -> dict[str, UnseenItem]:
        """The items that came after training, by their ids."""
        return {item.item_id: item for item in self.unseen}

    def neighbour_table(self, basket: npt.NDArray[np.int32]) -> CoOccurrences | BasketWeights:
        """The table of which items go with a basket of item indexes.

        One item has its co-purchases. Several are weighed against each other, so that what two of them have in
        common is not counted twice, where the version has such weights.
        """
        return self.basket_weights if len(basket) > 1 and len(self.basket_weights.items) else self.co_purchases


_KINDS = get_type_hints(Model)
_CO_VIEWS = "co_views"  # the only files that not every version has
_FILED = [part for part in fields(Model) if part.metadata]


def save_model(directory: Path, fitted: Fitted) -> None:
    """Write all but the manifest into a draft directory."""
    for part in _FILED:
        derive = part.metadata["derive"]
        save_arrays(directory, part.metadata["files"], derive(fitted) if derive else getattr(fitted, part.name))
    if fitted.co_views is not None:
        save_arrays(directory, _CO_VIEWS, fitted.co_views)
    fitted.recipe.save(directory)
    save_index(directory, fitted.index)


def open_model(directory: Path) -> Model:
    """Open a published version by memory map.

    Raises UnknownFormatError for another format, BrokenVersionError when a file is missing or is not what the
    format says.
    """
    manifest = read_manifest(directory)
    try:
        recipe = open_recipe(directory)
        filed = {part.name: open_arrays(directory, part.metadata["files"], _KINDS[part.name]) for part in _FILED}
        index = open_index(directory, filed["item_vectors"], recipe.ef_search)
        co_views = _open_co_views(directory, manifest)
        return _without_bad_prices(Model(**filed, recipe=recipe, index=index, co_views=co_views, manifest=manifest))
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise BrokenVersionError(directory, str(error)) from error


def _open_co_views(directory: Path, manifest: Manifest) -> CoOccurrences | None:
    if not any(name.startswith(f"{_CO_VIEWS}.") for name in manifest.files):
        return None
    return open_arrays(directory, _CO_VIEWS, CoOccurrences)


def _without_bad_prices(model: Model) -> Model:
    """As it was written, but for prices that are none: they are unknown, so that no answer shows and no filter finds
    them."""
    none = no_prices(model.catalogue.price)
    if not len(none):
        return model
    price = model.catalogue.price.copy()
    price[none] = np.nan
    catalogue = replace(model.catalogue, price=price)
    shown = {item: shown_item(model.item_ids, catalogue, item) for item in none.tolist()}
    return replace(model, catalogue=catalogue, shown=patch_texts(model.shown, shown))
