"""Is the data whole? Compared with what the published version was trained on, before anything is fitted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from artifacts.errors import ArtifactError, NoVersionError
from artifacts.publishing.manifest import Manifest, read_manifest
from artifacts.publishing.store import Store
from training.config import Config
from training.errors import GateError
from training.interactions.dataset import count_distinct
from training.interactions.interactions import Interactions

# What the manifest's data calls each count, and what a person does.
COUNTS: Mapping[str, str] = {"n_users": "users", "n_items": "items", "rows": "events", "n_baskets": "baskets"}
NEWEST = "newest event"
# Sections whose change may well be why there is less.
READING = ("data", "catalogue", "columns", "clean", "events")


@dataclass(frozen=True)
class Figure:
    """One count, or the newest event's time in ISO 8601, of the published version's data and of the new one's."""

    what: str
    published: int | str
    new: int | str
    passed: bool

    @property
    def line(self) -> str:
        if isinstance(self.published, str) or isinstance(self.new, str):
            return f"{self.what:14}{self.published:>26}{self.new:>26}{'' if self.passed else '   older'}"
        change = self.new / self.published - 1 if self.published else 0.0
        return f"{self.what:14}{self.published:>26,}{self.new:>26,}   {change:+.1%}{'' if self.passed else ', too few'}"


@dataclass(frozen=True)
class DataCheck:
    """The new data beside that of the published `version`, None where there is nothing to compare with.

    `notes` say what could not be compared, `differing` what else is not as it was for that version.
    """

    version: str | None = None
    shrink: float = 0.0
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return all(figure.passed for figure in self.figures)

    @property
    def metrics(self) -> dict[str, Any]:
        """The check as the manifest keeps it."""
        figures = {one.what: {"published": one.published, "new": one.new, "passed": one.passed} for one in self.figures}
        return {"passed": self.passed, "compared_with": self.version, "figures": figures}

    @property
    def problems(self) -> tuple[str, ...]:
        """What is less than it was, in a few words each."""
        return tuple(
            f"{one.what}: {one.new} now, {one.published} in {self.version}" for one in self.figures if not one.passed
        )

    @property
    def report(self) -> str:
        """All figures as text, a line each, and what else there is to know."""
        head = f"{'':14}{'published':>26}{'new':>26}"
        rule = f"allowed: {self.shrink:.0%} fewer ([gate] shrink), and no older newest event"
        return "\n".join([head, *(figure.line for figure in self.figures), rule, *self.differing, *self.notes])


NOT_COMPARED = DataCheck()


def pass_data(store: Store, interactions: Interactions, config: Config, force: str | None) -> DataCheck:
    """Compare the data with the published version's; `force` is a reason to go on whatever comes out. Raises
    GateError."""
    check = check_data(store, interactions, config)
    if check.passed or force is not None:
        return check
    raise GateError(
        f"not published: the gate refuses the data, which is less than {check.version} was trained on\n{check.report}\n"
        "Nothing was fitted, and that version stays published. Where the data was cut short, export it again. Where it "
        'is as it should be, FORCE="why" (--force "why") trains on it and keeps the reason in the manifest.'
    )


def check_data(store: Store, interactions: Interactions, config: Config) -> DataCheck:
    """The data, all of it, beside what the published version's manifest says of its own.

    Users, items, events and baskets may each be fewer by the share `[gate] shrink` at most: a shop that keeps the last
    two years, or forgets a customer, stays well within. The newest event of the shop's own data, before cleaning, must
    not be older: neither a return, nor an erasure, nor another setting of [clean], nor the live store changes it.
    """
    try:
        manifest = read_manifest(store.current_path())
    except NoVersionError:
        return NOT_COMPARED
    except ArtifactError as error:
        return DataCheck(notes=(f"the data is not compared with the published version's: {error}",))
    figures = (*_counts(manifest.data, interactions, config.gate.shrink), *_newest(manifest.data, interactions))
    absent = [what for what in (*COUNTS.values(), NEWEST) if what not in {figure.what for figure in figures}]
    note = f"{manifest.version}, made by an older program, tells no {', no '.join(absent)} to compare with"
    differing = tuple(_differing(manifest, interactions, config))
    return DataCheck(manifest.version, config.gate.shrink, figures, (note,) if absent else (), differing)


def _counts(data: Mapping[str, Any], interactions: Interactions, shrink: float) -> Iterator[Figure]:
    frame = interactions.frame
    counts = {
        "n_users": count_distinct(frame["user_id"]),
        "n_items": interactions.catalogue.height,  # which holds every item of the events
        "rows": frame.height,
        "n_baskets": count_distinct(frame["basket_id"]),
    }
    for name, what in COUNTS.items():
        before, now = data.get(name), counts[name]
        if isinstance(before, int):
            yield Figure(what, before, now, now >= (1 - shrink) * before)


def _newest(data: Mapping[str, Any], interactions: Interactions) -> Iterator[Figure]:
    # A version that keeps no newest event of the shop's own data may have its last one from the live store.
    before = data.get("newest", None if "live" in data else data.get("to"))
    if isinstance(before, str):
        now = interactions.newest
        passed = now is not None and now >= datetime.fromisoformat(before)
        yield Figure(NEWEST, before, now.isoformat() if now else "none", passed)


def _differing(manifest: Manifest, interactions: Interactions, config: Config) -> Iterator[str]:
    before, now = manifest.configuration, config.public()
    changed = [f"[{name}]" for name in READING if name in before and before[name] != now[name]]
    if changed:
        yield f"set otherwise than for the published version: {', '.join(changed)}"
    if "live" in manifest.data and not interactions.live:
        yield "the published version was trained with a live store as well: is LIVE_URL set?"
