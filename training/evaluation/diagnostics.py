"""What a person looks at beside the numbers: the long tail, the scores' calibration, sample users."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from training.evaluation.answers import Picks
from training.evaluation.metrics import NO_ITEM, find_hits
from training.evaluation.purchases import Past
from training.evaluation.results import Calibration, SampleUser, Shown, Tail
from training.evaluation.tasks import Activity, Cases, activity_of

TAIL_POINTS = 51
CALIBRATION_GROUPS = 10
SHOWN_HISTORY = 10
SHOWN_BOUGHT = 30


def long_tail(picks: Picks, cases: Cases, sold: npt.NDArray[np.int64]) -> Tail:
    """How picks and purchases are spread over the items, best sellers before the window (n_items,) first.

    Purchases of items that nobody had bought before are not counted.
    """
    order = np.argsort(-sold, kind="stable")
    picked = np.bincount(picks.items[picks.items != NO_ITEM], minlength=len(sold))
    bought = np.asarray(cases.truth[:, : len(sold)].sum(axis=0)).ravel()
    at = np.linspace(0, len(sold), TAIL_POINTS).astype(np.int64)
    return Tail(at / len(sold), _cumulated(picked[order], at), _cumulated(bought[order], at))


def _cumulated(counts: npt.NDArray[Any], at: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    sums = np.concatenate([[0.0], np.cumsum(counts)])
    return np.asarray(sums[at] / max(sums[-1], 1))


def calibration(picks: Picks, cases: Cases) -> Calibration | None:
    """The share of picks that was bought, by their score; None where there are too few to tell."""
    there = picks.items != NO_ITEM
    scores, hits = picks.scores[there], find_hits(picks.items, cases.truth)[there]
    if len(scores) < CALIBRATION_GROUPS:
        return None
    parts = np.array_split(np.argsort(scores, kind="stable"), CALIBRATION_GROUPS)
    return Calibration(
        np.array([scores[part].mean() for part in parts], np.float64),
        np.array([hits[part].mean() for part in parts], np.float64),
    )


def sample_users(
    past: Past, cases: Cases, following: Picks, discovered: Picks, titles: Sequence[str]
) -> tuple[SampleUser, ...]:
    """What each case's user had bought most and latest, their picks, and what they then bought.

    `following` and `discovered` are the picks of these cases; `titles` is by item number.
    """
    groups = activity_of(past.baskets[cases.user])
    users = []
    for row, user in enumerate(cases.user.tolist()):
        bought = cases.truth.indices[cases.truth.indptr[row] : cases.truth.indptr[row + 1]]
        lists = (_most_of(past, user), following.items[row], discovered.items[row], bought[:SHOWN_BOUGHT])
        users.append(SampleUser(Activity(groups[row]), *(_show(items, bought, titles) for items in lists)))
    return tuple(users)


def _show(items: npt.NDArray[Any], bought: npt.NDArray[Any], titles: Sequence[str]) -> tuple[Shown, ...]:
    return tuple(Shown(titles[item], item in bought) for item in items.tolist() if item != NO_ITEM)


def _most_of(past: Past, user: int) -> npt.NDArray[np.int64]:
    row = slice(past.fresh.indptr[user], past.fresh.indptr[user + 1])
    order = np.argsort(-past.fresh.data[row], kind="stable")[:SHOWN_HISTORY]
    return np.asarray(past.fresh.indices[row][order], np.int64)
