"""All parts of `make bench`, in the order they run."""

from benchmarks import (
    answer_cost,
    company,
    index_recall,
    live,
    memory,
    online,
    picks_speed,
    single_events,
    stages,
    start,
    training_cost,
)
from benchmarks.part import Part

PARTS: tuple[Part, ...] = (
    online.PART,
    live.PART,
    single_events.PART,
    company.PART,
    answer_cost.PART,
    index_recall.PART,
    stages.PART,
    memory.PART,
    start.PART,
    picks_speed.PART,
    training_cost.PART,
)
