"""Two services as others would build them, over the same factors and under the same gunicorn settings.

`tutorial`: Flask and a pickled `implicit` model, asked for each request. `faiss_service`: a flat FAISS index, and what
the user bought or a filter rules out removed from what the search found. Neither has the service's titles and prices
in its answers, its validation, metrics or logs.
"""

import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from flask import Flask, Response, jsonify, request
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from artifacts.model.model import Model

PEER_FILE = "BENCH_PEER_FILE"
TUTORIAL = "benchmarks.peers:tutorial()"
FAISS_SERVICE = "benchmarks.peers:faiss_service()"
LIMIT = 10
# What is searched for on top of what the user bought, to have something left behind the filter.
MARGIN = 100
RULE = "/v1/users/<user_id>/recommendations"


@dataclass(frozen=True)
class Pickled:
    """What the peers load; `user_items` (n_users, n_items) is what was bought."""

    als: AlternatingLeastSquares
    user_items: csr_matrix
    user_index: dict[str, int]
    item_ids: list[str]
    category: Any
    price: Any


def save_peers(model: Model, path: Path) -> None:
    """Pickle what the peers need of an opened version."""
    with threadpool_limits(1, "blas"):  # or implicit warns
        als = AlternatingLeastSquares(factors=model.recipe.n_factors)
    als.user_factors = np.array(model.user_factors)
    als.item_factors = np.array(model.item_factors)
    history, n_items = model.history, len(model.item_ids)
    shape = (len(model.user_ids), n_items)
    user_items = csr_matrix((history.times_bought, history.items, history.indptr), shape, np.float32, copy=True)
    user_items.eliminate_zeros()
    categories = [model.catalogue.categories[index] for index in range(len(model.catalogue.categories))]
    peers = Pickled(
        als,
        user_items,
        {model.user_ids[index]: index for index in range(len(model.user_ids))},
        [model.item_ids[index] for index in range(n_items)],
        np.array([*categories, ""])[model.catalogue.category],
        np.array(model.catalogue.price),
    )
    with path.open("wb") as file:
        pickle.dump(peers, file, protocol=5)


def tutorial() -> Flask:
    """A recommendation service in twenty lines."""
    app, known = Flask("tutorial"), _load()

    @app.get(RULE)
    def recommend(user_id: str) -> Response:
        user = known.user_index[user_id]
        items, scores = known.als.recommend(user, known.user_items[user], N=LIMIT, filter_already_liked_items=True)
        return _answer(known, user_id, items, scores)

    return app


def faiss_service() -> Flask:
    """Search first, filter what was found."""
    app, known = Flask("faiss"), _load()
    index = faiss.IndexFlatIP(known.als.item_factors.shape[1])
    index.add(known.als.item_factors)

    @app.get(RULE)
    def recommend(user_id: str) -> Response:
        user = known.user_index[user_id]
        bought = known.user_items[user].indices
        scores, items = index.search(known.als.user_factors[user : user + 1], LIMIT + MARGIN + len(bought))
        wanted = (items[0] >= 0) & ~np.isin(items[0], bought) & _within_filters(known, items[0])
        return _answer(known, user_id, items[0][wanted][:LIMIT], scores[0][wanted][:LIMIT])

    return app


def _within_filters(known: Pickled, items: Any) -> Any:
    keep = np.ones(len(items), np.bool_)
    if "category" in request.args:
        keep &= known.category[items] == request.args["category"]
    if "min_price" in request.args:
        keep &= known.price[items] >= np.float32(request.args["min_price"])
    if "max_price" in request.args:
        keep &= known.price[items] <= np.float32(request.args["max_price"])
    return keep


def _answer(known: Pickled, user_id: str, items: Any, scores: Any) -> Response:
    found = zip(items.tolist(), scores.tolist(), strict=True)
    return jsonify(user_id=user_id, items=[{"item_id": known.item_ids[item], "score": score} for item, score in found])


def _load() -> Pickled:
    with Path(os.environ[PEER_FILE]).open("rb") as file:
        known: Pickled = pickle.load(file)  # noqa: S301  # as the tutorials do
    return known
