"""An opened version: a frozen value over memory-mapped arrays."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from artifacts.errors import BrokenVersionError
from artifacts.model.arrays import open_array, open_arrays, save_arrays
from artifacts.model.catalogue import Catalogue, no_prices, open_catalogue, shown_item, shown_items
from artifacts.model.ids import IdTable, TextColumn, open_ids, open_texts
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
    """The dealings of all users: CSR rows over users; `indptr` (n_users + 1,) int64."""

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
class CoPurchases(CsrRows):
    """Items bought in the same basket: CSR rows over items, best first within a row.

    `indptr` (n_items + 1,) int64; all else is (n_entries,): `items` int32; `score` float32, what ranks them;
    `support` int32, baskets with both; `confidence` float32, the share of the row item's baskets that hold the
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

    `overall` float32, baskets ever; `recent` float32, baskets lately, decayed; `trend` float32, log ratio of recent
    to earlier sales; `repeat_rate` float32, the share of an item's buyers who came back for it; `order` int32, item
    indexes, best seller of now first.
    """

    overall: npt.NDArray[np.float32]
    recent: npt.NDArray[np.float32]
    trend: npt.NDArray[np.float32]
    repeat_rate: npt.NDArray[np.float32]
    order: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Model:
    """Everything a version holds.

    `user_factors` is (n_users, n_factors) float32; `item_vectors` (n_items, 2 n_factors + 2) float32: ALS factors, the
    newcomers' taste, then the popularity and the trend column; `gram` (n_factors, n_factors) float64 is Y^T Y over the
    item factors; `item_masks` (n_items, n_trees) uint32 is what the items' own features leave of the forest; `shown` is
    what an answer says of each item, as JSON members; `unseen` are items that came after training, those in most demand
    first.
    """

    user_ids: IdTable
    item_ids: IdTable
    user_factors: npt.NDArray[np.float32]
    item_vectors: npt.NDArray[np.float32]
    gram: npt.NDArray[np.float64]
    history: History
    co_purchases: CoPurchases
    basket_weights: BasketWeights
    similar: Similar
    popularity: Popularity
    ranker_features: RankerFeatures
    forest: Forest
    item_masks: npt.NDArray[np.uint32]
    catalogue: Catalogue
    shown: TextColumn
    recipe: Recipe
    index: ItemIndex
    manifest: Manifest
    unseen: tuple[UnseenItem, ...] = ()

    @property
    def version(self) -> str:
        return self.manifest.version

    @cached_property
    def live_seq(self) -> int:
        """The number of the last change in the live store that the version was trained with; 0 without one."""
        return int(self.manifest.data.get("live_seq", 0))

    def neighbour_table(self, basket: npt.NDArray[np.int32]) -> CoPurchases | BasketWeights:
        """What tells which items go with a basket of item indexes.

        One item speaks by its co-purchases. Several are weighed against each other, so that what two of them say
        alike is not counted twice, where the version has such weights.
        """
        return self.basket_weights if len(basket) > 1 and len(self.basket_weights.items) else self.co_purchases

    @property
    def item_factors(self) -> npt.NDArray[np.float32]:
        """(n_items, n_factors) float32."""
        return self.item_vectors[:, : self.recipe.n_factors]

    @property
    def newcomer_vectors(self) -> npt.NDArray[np.float32]:
        """(n_items, n_factors) float32: the mean taste of who lately bought an item for the first time."""
        return self.item_vectors[:, self.recipe.n_factors : 2 * self.recipe.n_factors]


@dataclass(frozen=True)
class Fitted:
    """What training hands over to be written: a model before it is published."""

    user_ids: IdTable
    item_ids: IdTable
    user_factors: npt.NDArray[np.float32]
    item_vectors: npt.NDArray[np.float32]
    history: History
    co_purchases: CoPurchases
    basket_weights: BasketWeights
    similar: Similar
    popularity: Popularity
    ranker_features: RankerFeatures
    forest: Forest
    catalogue: Catalogue
    recipe: Recipe
    index: ItemIndex

    def item_masks(self) -> npt.NDArray[np.uint32]:
        """(n_items, n_trees): what the items' own features leave of the forest; no columns where there is none."""
        if len(self.forest) == 0:
            return np.empty((len(self.item_ids), 0), np.uint32)
        return self.forest.remaining(0, self.ranker_features.items)

    def save(self, directory: Path) -> None:
        """Write all but the manifest into a draft directory."""
        factors = self.item_vectors[:, : self.recipe.n_factors].astype(np.float64)
        self.user_ids.save(directory, "users.ids")
        self.item_ids.save(directory, "items.ids")
        np.save(directory / "users.factors.npy", self.user_factors)
        np.save(directory / "items.vectors.npy", self.item_vectors)
        np.save(directory / "items.gram.npy", factors.T @ factors)
        save_arrays(directory, "history", self.history)
        save_arrays(directory, "neighbours", self.co_purchases)
        save_arrays(directory, "company", self.basket_weights)
        save_arrays(directory, "similar", self.similar)
        save_arrays(directory, "popularity", self.popularity)
        save_arrays(directory, "ranking", self.ranker_features)
        save_arrays(directory, "forest", self.forest)
        np.save(directory / "items.masks.npy", self.item_masks())
        self.catalogue.save(directory)
        shown_items(self.item_ids, self.catalogue).save(directory, "items.shown")
        self.recipe.save(directory)
        save_index(directory, self.index)


def open_model(directory: Path) -> Model:
    """Open a published version by memory map.

    Raises UnknownFormatError for another format, BrokenVersionError when a file is missing or is not what the
    format says.
    """
    manifest = read_manifest(directory)
    try:
        recipe = open_recipe(directory)
        item_ids, catalogue = open_ids(directory, "items.ids"), open_catalogue(directory)
        vectors = open_array(directory / "items.vectors.npy")
        return Model(
            user_ids=open_ids(directory, "users.ids"),
            item_ids=item_ids,
            user_factors=open_array(directory / "users.factors.npy"),
            item_vectors=vectors,
            gram=open_array(directory / "items.gram.npy"),
            history=open_arrays(directory, "history", History),
            co_purchases=open_arrays(directory, "neighbours", CoPurchases),
            basket_weights=open_arrays(directory, "company", BasketWeights),
            similar=open_arrays(directory, "similar", Similar),
            popularity=open_arrays(directory, "popularity", Popularity),
            ranker_features=open_arrays(directory, "ranking", RankerFeatures),
            forest=open_arrays(directory, "forest", Forest),
            item_masks=open_array(directory / "items.masks.npy"),
            catalogue=catalogue,
            shown=_shown(directory, item_ids, catalogue),
            recipe=recipe,
            index=open_index(directory, vectors, recipe.ef_search),
            manifest=manifest,
        )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise BrokenVersionError(directory, str(error)) from error


def _shown(directory: Path, item_ids: IdTable, catalogue: Catalogue) -> TextColumn:
    """What answers show of items, as it was written, but for prices that are none, which old versions may show."""
    shown = open_texts(directory, "items.shown")
    none = no_prices(open_array(directory / "catalogue.price.npy")).tolist()
    return patch_texts(shown, {item: shown_item(item_ids, catalogue, item) for item in none}) if none else shown
