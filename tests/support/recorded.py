"""Answers of a shop's model, to compare with recorded ones: which items, with which scores, and a digest of every byte.

Run as a program: a process of its own computes with one kernel of OpenBLAS whatever the processor.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from artifacts.model.model import Model, open_model, save_model
from artifacts.publishing.manifest import Provenance
from artifacts.publishing.store import Store
from service.app import SERVED_MODEL, create_app
from service.settings import read_settings
from tests.support.paths import ROOT
from training.config import load_config
from training.fitting.fit import with_similar
from training.fitting.fit_recipe import fit_recipe
from training.fitting.training_run import TrainingRun
from training.interactions.dataset import encode
from training.interactions.interactions import read_interactions
from training.interactions.windows import test_window

RECORDINGS = ROOT / "tests" / "recordings"
# The same arithmetic on every x86-64 processor with AVX2: OpenBLAS's kernel, and NumPy's loops.
ARITHMETIC = {
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENBLAS_NUM_THREADS": "1",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR",
}
OF_ONE_REQUEST = ("request_id", "model_version")
USERS, ITEMS = 12, 18


def answers_of(
    data: Path, recipe: str, catalogue: Path | None = None, config: Path | None = None
) -> list[dict[str, Any]]:
    """The answers of a model fitted on `data` with a recipe ("blend", "ranker"), by a process of its own."""
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory, "answers.ndjson")
        arguments = [recipe, str(data), str(catalogue or ""), str(config or ""), str(out)]
        environ = {**os.environ, **ARITHMETIC, "PROMETHEUS_MULTIPROC_DIR": directory}
        subprocess.run([sys.executable, "-m", __name__, *arguments], cwd=ROOT, env=environ, check=True)
        return [json.loads(line) for line in out.read_text().splitlines()]


def _fit(recipe: str, data: str, catalogue: str, config_file: str, root: Path) -> Store:
    config = load_config(Path(config_file) if config_file else None, data)
    config = config.model_copy(
        update={
            "data": config.data.model_copy(update={"catalogue": catalogue or None}),
            "model": config.model.model_copy(update={"recipe": recipe}),
        }
    )
    interactions = read_interactions(config, progress=False)
    run = TrainingRun(interactions, config, show_progress=False)
    dataset = encode(interactions.frame, interactions.catalogue["item_id"], config.purchase_event)
    end = test_window(interactions.frame, config.evaluation.test_days).end
    fitted = with_similar(fit_recipe(dataset, interactions.catalogue, run, end), show_progress=False)
    store = Store(root)
    with store.draft() as draft:
        save_model(draft, fitted)
        store.publish(draft, Provenance(created="2026-01-01T00:00:00+00:00"))
    return store


def _requests(model: Model) -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    """Questions of every kind about users, items and baskets spread over the model: method, target, body."""
    n_users, n_items = len(model.user_ids), len(model.item_ids)
    users = [model.user_ids[place * (n_users - 1) // (USERS - 1)] for place in range(USERS)]
    sold = model.popularity.order.tolist()
    items = [model.item_ids[sold[place * place * (n_items - 1) // (ITEMS * ITEMS)]] for place in range(ITEMS)]
    for user in [*users, "nobody"]:
        path = f"/v1/users/{quote(user, safe='')}/recommendations"
        for more in ("limit=20", "explain=true&limit=5", "repeat=only", "repeat=allow&explain=true", "max_price=5"):
            yield "GET", f"{path}?{more}", None
        yield "GET", f"{path}?personalized=false&limit=5&explain=true", None
        yield "POST", "/v1/recommendations", {"user_id": user, "recent_items": items[:3], "explain": True, "limit": 5}
        yield "POST", "/v1/rank", {"user_id": user, "items": items, "explain": True}
        yield "POST", "/v1/cross-sell", {"user_id": user, "items": items[3:6], "explain": True, "limit": 5}
    for place, item in enumerate(items):
        path = f"/v1/items/{quote(item, safe='')}"
        yield "GET", f"{path}/cross-sell?explain=true", None
        yield "GET", f"{path}/similar?limit=20", None
        yield "POST", "/v1/recommendations", {"recent_items": [item], "explain": True}
        yield "POST", "/v1/recommendations", {"recent_items": items[place:], "repeat": "allow"}
        yield "POST", "/v1/cross-sell", {"items": [*items[: place + 1], "unknown"], "explain": True}
    yield "GET", "/v1/popular?limit=50&explain=true", None
    yield "POST", "/v1/batch/recommendations", {"user_ids": users, "limit": 5}
    yield "POST", "/v1/batch/recommendations", {"user_ids": [*users, "nobody"], "repeat": "allow", "limit": 5}


def _record(recipe: str, data: str, catalogue: str, config: str, out: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        store = _fit(recipe, data, catalogue, config, Path(directory))
        os.environ["ARTIFACTS_DIR"] = str(store.root)
        app = create_app(read_settings(os.environ))
        app.extensions[SERVED_MODEL].refresh()
        client = app.test_client()
        with Path(out).open("w") as file:
            for method, target, body in _requests(open_model(store.current_path())):
                reply = client.open(target, method=method, json=body)
                for line in reply.data.splitlines():
                    file.write(json.dumps(_told(f"{method} {target}", body, reply.status_code, line)) + "\n")
        app.extensions[SERVED_MODEL].stop()


def _told(request: str, body: dict[str, Any] | None, status: int, line: bytes) -> dict[str, Any]:
    answer = json.loads(line)
    for name in OF_ONE_REQUEST:
        answer.pop(name)
    digest = hashlib.sha256(json.dumps(answer).encode()).hexdigest()[:16]
    picks = [[pick["item_id"], pick["score"]] for pick in answer["items"]]
    return {"request": request, "body": body, "status": status, "digest": digest, "items": picks}


if __name__ == "__main__":
    _record(*sys.argv[1:])
