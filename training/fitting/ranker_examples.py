"""What the shop's own past teaches a ranker: windows whose outcome is known, asked as of the day they began."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from tqdm import tqdm

from artifacts.model.ids import UNKNOWN
from artifacts.model.model import Fitted, Model, open_model, save_model
from artifacts.publishing.manifest import Provenance
from artifacts.publishing.store import Store
from training.fitting.fit import fit
from training.fitting.ranker import Examples, find_examples, no_examples
from training.fitting.training_run import TrainingRun
from training.interactions.dataset import encode
from training.interactions.windows import Window, before, within

WINDOW = timedelta(days=28)
STEP = timedelta(days=14)
N_WINDOWS = 6
# Of a window's customers; more teach little and cost time.
MAX_USERS = 2_000
# With fewer customers in all windows together, trees learn them by heart.
MIN_USERS = 200


def examples_until(run: TrainingRun, moment: datetime) -> list[Examples]:
    """The examples of the last `N_WINDOWS` windows that end at `moment` or before: nothing later is looked at.

    Empty where the history holds too few customers to learn from.
    """
    starts = [moment - WINDOW - step * STEP for step in range(N_WINDOWS)]
    missing = [start for start in starts if start not in run.examples]
    for start in tqdm(missing, "past windows", disable=not run.show_progress or not missing):
        run.examples[start] = _find(run, Window(start, start + WINDOW))
    examples = [run.examples[start] for start in starts if len(run.examples[start].sizes)]
    return examples if sum(len(some.sizes) for some in examples) >= MIN_USERS else []


def _find(run: TrainingRun, window: Window) -> Examples:
    history = before(run.interactions, window.start)
    if history.frame["user_id"].drop_nulls().is_empty():
        return no_examples()
    dataset = encode(history.frame, history.catalogue["item_id"], run.config.purchase_event)
    rng = np.random.default_rng(run.config.model.seed)
    settings = run.config.model.model_copy(update={"recipe": "ranker"})
    with opened(fit(dataset, history.catalogue, settings, show_progress=False)) as model:
        return find_examples(model, _purchases(run, window, model, rng), rng)


def _purchases(
    run: TrainingRun, window: Window, model: Model, rng: np.random.Generator
) -> list[tuple[str, np.ndarray[tuple[int], np.dtype[np.int32]]]]:
    """A sample of the known users with a purchase in the window, and the indexes of the items they bought."""
    bought = (
        within(run.interactions, window, run.config.purchase_event)
        .drop_nulls("user_id")
        .group_by("user_id")
        .agg(pl.col("item_id").unique().sort())
        .sort("user_id")
    )
    known = [row for row in bought.iter_rows() if model.user_ids.find(row[0]) != UNKNOWN]
    chosen = np.sort(rng.choice(len(known), min(MAX_USERS, len(known)), replace=False))
    return [
        (known[index][0], np.array([model.item_ids.find(item_id) for item_id in known[index][1]], np.int32))
        for index in chosen.tolist()
    ]


@contextmanager
def opened(fitted: Fitted) -> Iterator[Model]:
    """What was fitted, published to a store of its own and opened as the service opens it."""
    with tempfile.TemporaryDirectory(prefix="aisle-") as directory:
        store = Store(Path(directory))
        with store.draft() as draft:
            save_model(draft, fitted)
            version = store.publish(draft, Provenance(created=datetime.now(UTC).isoformat(timespec="seconds")))
        yield open_model(store.path(version))
