"""Prometheus metrics. Under gunicorn they add up over the workers: each writes files that any of them reads."""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from artifacts.live.activity import EventType
from artifacts.live.errors import REASONS
from artifacts.publishing.manifest import parse_created
from artifacts.queries.answer import Answer
from artifacts.queries.query import Source
from service.telemetry.metrics_directory import metrics_directories


class Cut(StrEnum):
    """Why a connection was ended before its client was done."""

    SLOW_HEAD = "slow_head"
    SLOW_BODY = "slow_body"
    SLOW_READER = "slow_reader"
    NO_ROOM = "no_room"


# Seconds: an answer takes about a millisecond, a long stream many seconds.
_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_ROUTE = ("route", "method", "status")

_seconds = Histogram("aisle_request_seconds", "From a request's headers to its answer's end.", _ROUTE, buckets=_BUCKETS)
_answers = Counter("aisle_answers", "Items answered, by where they came from.", ("source",))
_fallbacks = Counter("aisle_fallbacks", "Answers that are not what was asked for, by why.", ("fallback",))
_reloads = Counter("aisle_reloads", "Versions taken up, by all workers together.")
_refusals = Counter("aisle_reload_refusals", "Versions refused, by all workers together.")
_model = Gauge("aisle_model_info", "Workers that serve the version.", ("version",), multiprocess_mode="livesum")
_core = Gauge("aisle_core_info", "Workers that compute answers by this.", ("core",), multiprocess_mode="livesum")
_created = Gauge("aisle_model_created_seconds", "Unix time of the oldest served version.", multiprocess_mode="livemin")
_lines_dropped = Counter("aisle_log_lines_dropped", "Lines of the log that were dropped, as nobody read them.")
_behind = Gauge(
    "aisle_model_behind", "Workers that do not serve the version to serve now.", multiprocess_mode="livesum"
)
_keys_stale = Gauge("aisle_keys_stale", "Workers that cannot read the keys file.", multiprocess_mode="livesum")
_live_degraded = Gauge("aisle_live_degraded", "Workers that cannot use the live store.", multiprocess_mode="livesum")
_live_events = Counter("aisle_live_events", "Events stored, by type.", ("type",))
_live_failures = Counter("aisle_live_failures", "What the live store failed at, by why.", ("reason",))
_live_skipped = Counter(
    "aisle_live_skipped", "Values in the live store that cannot be what they say, by all workers together."
)
_connections = Gauge("aisle_connections", "Connections that are open.", multiprocess_mode="livesum")
_cuts = Counter("aisle_connections_cut", "Connections ended for want of pace or room, by why.", ("reason",))
_full = Counter("aisle_connections_full", "Times that a worker let no further connection in for want of room.")
# Shown as 0 before there is one.
for _cut in Cut:
    _cuts.labels(_cut)
for _type in EventType:
    _live_events.labels(_type)
for _reason in REASONS:
    _live_failures.labels(_reason)


def observe_connections(count: int) -> None:
    """Note how many connections this worker has."""
    _connections.set(count)


def observe_cut(reason: Cut) -> None:
    """Count a connection that was ended though its client wanted more of it."""
    _cuts.labels(reason).inc()


def observe_full() -> None:
    """Count that a connection has to wait before the door."""
    _full.inc()


def observe_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count and time a request; `route` is its pattern, so that no id becomes a label."""
    _timer(route, method, status).observe(seconds)


# Looking a label up in prometheus_client takes longer than counting.
@cache
def _timer(route: str, method: str, status: int) -> Histogram:
    return _seconds.labels(route, method, str(status))


@cache
def _counter(source: str) -> Counter:
    return _answers.labels(source)


def observe_answer(answer: Answer) -> None:
    """Count an answer's items by source, and its fallback."""
    counts: dict[Source, int] = {}
    for source in (*answer.scored.sources, *(Source.NEW for _ in answer.explored)):
        counts[source] = counts.get(source, 0) + 1
    for source, count in counts.items():
        _counter(source).inc(count)
    observe_fallback(answer.fallback)


def observe_fallback(fallback: str | None) -> None:
    """Count an answer that is not what was asked for."""
    if fallback is not None:
        _fallbacks.labels(fallback).inc()


def observe_reload(version: str, created: str, previous: str | None) -> None:
    """Note that this worker serves `version`, made at `created` (ISO 8601, UTC), from now on."""
    if previous is not None:
        _reloads.inc()
        _model.labels(previous).set(0)
    _model.labels(version).set(1)
    _created.set(parse_created(created).timestamp())


def observe_core(core: str) -> None:
    """Note what this worker computes answers by."""
    _core.labels(core).set(1)


def observe_refusal() -> None:
    """Note that this worker refused a version."""
    _refusals.inc()


def observe_behind(behind: bool) -> None:
    """Note whether this worker serves another version than the one to serve now, or none."""
    _behind.set(behind)


def observe_keys(stale: bool) -> None:
    """Note whether this worker cannot read the keys file, so that older keys are in force."""
    _keys_stale.set(stale)


def observe_dropped_lines(lines: int) -> None:
    """Count lines of the log that were dropped."""
    _lines_dropped.inc(lines)


def observe_live(degraded: bool) -> None:
    """Note whether this worker can use the live store."""
    _live_degraded.set(degraded)


def observe_live_failure(reason: str) -> None:
    """Count something that the live store failed at; `reason` is its error's."""
    _live_failures.labels(reason).inc()


def observe_live_skipped(values: int) -> None:
    """Count values in the live store that this worker skipped."""
    _live_skipped.inc(values)


def observe_live_events(types: Iterable[str]) -> None:
    """Count the stored events of these types."""
    for kind in types:
        _live_events.labels(kind).inc()


def exposition() -> bytes:
    """All metrics in Prometheus' text format, over all workers where there are several."""
    registry = CollectorRegistry()
    registry.register(_Served(_collectors()))
    return generate_latest(registry)


def _collectors() -> Iterable[Metric]:
    directories = metrics_directories(os.environ)
    if directories:
        files = [str(path) for directory in directories for path in directory.glob("*.db")]
        return MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call, no-any-return]
    return (metric for metric in REGISTRY.collect() if metric.name.startswith("aisle_"))


class _Served(Collector):
    """The metrics with what follows from them, and without the versions that no worker serves any more."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        for metric in self._metrics:
            if metric.name == "aisle_model_info":
                metric.samples = [sample for sample in metric.samples if sample.value]
            yield metric
            if metric.name == "aisle_model_created_seconds":
                yield from _age(metric)
            if metric.name == "aisle_request_seconds":
                yield _requests(metric)


def _age(created: Metric) -> Iterator[Metric]:
    for sample in created.samples:
        if sample.value:
            age = Metric("aisle_model_age_seconds", "Since the oldest served version was made.", "gauge")
            age.add_sample("aisle_model_age_seconds", {}, datetime.now(UTC).timestamp() - sample.value)
            yield age


def _requests(seconds: Metric) -> Metric:
    """The histogram counts the requests already."""
    requests = Metric("aisle_requests", "Requests answered.", "counter")
    for sample in seconds.samples:
        if sample.name == "aisle_request_seconds_count":
            requests.add_sample("aisle_requests_total", sample.labels, sample.value)
    return requests
