"""How an evaluation asks a version: as the service would, and gently to the machine."""

from collections.abc import Callable, Iterator

import faiss
import numpy as np
import pytest
from scipy.sparse import csr_array
from threadpoolctl import threadpool_info, threadpool_limits

from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from artifacts.queries.answer import Answer
from artifacts.queries.audience import audience_scores
from artifacts.queries.query import Query
from training.evaluation import answers, audience
from training.evaluation.tasks import Cases, Task

N_CASES = 5


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    """What a library has on a machine with two processors, whatever this one has."""
    with threadpool_limits(2):
        assert 2 in most_threads()
        yield


def most_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info()} | {faiss.omp_get_max_threads()}


def cases_of(task: Task, model: Model) -> Cases:
    given = csr_array(np.eye(N_CASES, len(model.item_ids), dtype=np.float32))
    return Cases(task, np.arange(N_CASES), given, given, given)


@pytest.mark.parametrize(("task", "query"), [(Task.DISCOVERY, "recommend"), (Task.ITEM_PAGE, "cross_sell")])
def test_each_case_is_asked_by_one_thread(
    model: Model, task: Task, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    served: Callable[[Model, Query], Answer] = getattr(answers, query)

    def watched(asked: Model, question: Query) -> Answer:
        threads.append(most_threads())
        return served(asked, question)

    monkeypatch.setattr(answers, query, watched)
    picks = answers.ask(model, cases_of(task, model), 3, show_progress=False)
    assert (picks.items >= 0).all()
    assert threads == [{1}] * N_CASES
    assert 2 in most_threads(), "the limit ends with the questions"


@pytest.mark.parametrize("task", [Task.NEXT_PURCHASES, Task.DISCOVERY])
def test_asked_together_the_answers_are_the_same(model: Model, task: Task) -> None:
    n_users = len(model.user_ids)
    given = csr_array(np.zeros((n_users, len(model.item_ids)), np.float32))
    cases = Cases(task, np.random.default_rng(0).permutation(n_users), given, given, given)
    one, other = answers.ask(model, cases, 7, show_progress=False), answers.ask_together(model, cases, 7)
    assert np.mean(other.items == one.items) > 0.97, "few scores are so near each other that rounding decides"
    np.testing.assert_allclose(other.scores, one.scores, rtol=1e-5)


def test_audiences_are_scored_by_one_thread(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def watched(asked: Model, items: np.ndarray) -> np.ndarray:
        threads.append(most_threads())
        return audience_scores(asked, items)

    monkeypatch.setattr(audience, "audience_scores", watched)
    monkeypatch.setattr(audience, "MIN_BUYERS", 1)
    bought = csr_array(np.ones((len(model.user_ids), len(model.item_ids)), np.float32))
    assert len(audience.audience_lifts(model, bought, 4, np.random.default_rng(0))) == 4
    assert threads == [{1}]
