"""All parts of `make bench`, in the order they run."""

from benchmarks import answer_cost, live, memory, online, stages, start
from benchmarks.part import Part

PARTS: tuple[Part, ...] = (online.PART, live.PART, answer_cost.PART, stages.PART, memory.PART, start.PART)
