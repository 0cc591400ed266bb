from datetime import date, timedelta

import pytest

from tests.support.report_page import HOSTILE, RUN, VERSIONS, Page
from tests.support.shop import write_tiny_shop
from training.evaluation.bootstrap import Estimate
from training.evaluation.results import Evaluation
from training.evaluation.run import evaluate
from training.evaluation.tasks import Task
from training.fitting.training_run import TrainingRun
from training.interactions.interactions import read_interactions
from training.report.page import render
from training.report.past import SHOWN_TASKS, SHOWN_VERSIONS, PastVersion
from training.selection.gate import Check, Judgement


@pytest.fixture(scope="package")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    config = write_tiny_shop(tmp_path_factory.mktemp("report"))
    return evaluate(TrainingRun(read_interactions(config, progress=False), config, False), 1)


@pytest.fixture(scope="package")
def page(evaluation: Evaluation) -> str:
    check = Check(Task.DISCOVERY, HOSTILE, 0.2, 0.1, Estimate(0.1, 0.05, 0.15), 0.02)
    return render(evaluation, RUN, Judgement((check,), (HOSTILE,), HOSTILE), VERSIONS)


@pytest.fixture(scope="package")
def full(evaluation: Evaluation) -> Page:
    """A page with all there can be on it: a gate's checks of every task, as many versions as are shown."""
    checks = [
        Check(task, rival, 0.2, 0.1, Estimate(0.1, 0.05, 0.15), 0.02)
        for task in (Task.NEXT_PURCHASES, Task.DISCOVERY)
        for rival in ("popularity, all time", "personal frequency, then popularity")
    ]
    ndcg = dict.fromkeys(SHOWN_TASKS, Estimate(0.1, 0.09, 0.11))
    days = [str(date(2026, 1, 1) + timedelta(place)) for place in range(SHOWN_VERSIONS)]
    versions = [PastVersion(day, ndcg, 0.999) for day in days]
    return Page(render(evaluation, RUN, Judgement(tuple(checks), ()), versions))
