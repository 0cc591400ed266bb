"""A training run: the data's path from the source to the published version, step by step."""

from artifacts.store import DEFAULT_KEEP, Store
from training.config import Config
from training.dataset import encode
from training.evaluation.run import evaluate
from training.fit import fit
from training.interactions import read_interactions
from training.provenance import Stopwatch, describe


def train(config: Config, store: Store, show_progress: bool) -> str:
    """Train on the configured data and publish; answers the new version's name.

    Raises DataError where the data cannot be used, ArtifactError where the store cannot; either way what was
    published before stays published.
    """
    clock = Stopwatch()
    with clock.step("read and clean"):
        interactions = read_interactions(config, show_progress)
    with clock.step("encode"):
        dataset = encode(interactions.frame, interactions.catalogue["item_id"], config.purchase_event)
    with clock.step("fit"):
        fitted = fit(dataset, interactions.catalogue, config.model, show_progress)
    with clock.step("evaluate"):
        evaluation = evaluate(interactions, config, backtests=0, show_progress=show_progress)
    metrics = {"index": {"recall@10": fitted.recipe.index_recall}, "evaluation": evaluation.metrics}
    with store.draft() as draft:
        with clock.step("write"):
            fitted.save(draft)
        version = store.publish(draft, describe(config, interactions, dataset, metrics, clock.seconds))
    store.prune(DEFAULT_KEEP)
    return version
