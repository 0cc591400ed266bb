"""A file of picks for every user of the published version, or for a list of users."""

import difflib
import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sized
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from artifacts.cpus import available_cpus
from artifacts.live.overlay import Overlay
from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from artifacts.queries.eligibility import unknown_categories
from artifacts.queries.query import Query
from training.errors import PicksError
from training.live.settings import NO_LIVE_STORE, LiveSettings
from training.picks.chunk import Chunk, PicksRequest, write_chunk
from training.picks.files import Excel, PicksFormat, format_of
from training.picks.live import LiveState, read_live_state
from training.picks.parts import Tally, open_parts
from training.picks.user_list import UserList, read_user_list
from training.workers import spread

USERS_PER_CHUNK = 4_000  # whose rows a process holds in memory at a time: about a kilobyte a pick
WORKING_MIB = 128  # more makes it hardly faster
CLOSE_MATCHES = 3
CHUNKS_WORTH_PROCESSES = 4  # fewer are answered before other processes have started


def write_picks(  # noqa: PLR0913
    store: Store,
    out: Path,
    query: Query,
    users: Path | None,
    show_progress: bool,
    *,
    working_mib: int = WORKING_MIB,
    live: LiveSettings = NO_LIVE_STORE,
    reasons: bool = False,
    excel: Excel | None = None,
) -> Tally:
    """Ask the published version the query for each user, and write the picks to `out`.

    `query` lacks its `user_id`; `users` is a file of user ids, None for every user the version knows. Where there is a
    live store, everybody is answered by what it holds as the run begins. `reasons` adds why each item was picked, which
    takes longer than finding it; `excel` writes a CSV for it. A process takes about `working_mib` to answer in, beside
    its rows and the model, which all share. The file is put in its place when it is whole. A run that was cut short is
    gone on with, as long as version, query, users, format and live store are the same.
    Raises PicksError where the file cannot be written or a category holds no item, DataError where the users or the
    live store cannot be read or most of the users are unknown, ArtifactError where no good version is published.
    """
    form = format_of(out, reasons, excel)
    version = store.current_path()
    model = open_model(version)
    state = read_live_state(live.live_url, model) if live.live_url else None
    check_categories(Overlay(model, state.changes).model if state else model, query.filters.categories)
    listed = None if users is None else read_user_list(users, model, state.knows if state else _nobody)
    if listed is not None and query.personalized:
        listed.check_known(model)
    n_users = len(model.user_ids) if listed is None else listed.n_users
    with open_parts(out, _run(model, query, listed, form, state)) as parts:
        done = parts.tallies()
        chunks = _chunks(_known(len(model.user_ids)) if listed is None else _listed(listed), done)
        if state is not None:
            chunks = (state.with_activity(chunk, model) for chunk in chunks)
        request = PicksRequest(version, query, working_mib << 20, state.changes if state else None, reasons)
        write = partial(write_chunk, request, parts, form)
        _follow(_answer(write, chunks, n_users, done), n_users, _total(done).users, show_progress)
        total = _total(parts.tallies())
        if listed is not None and total.users != n_users:
            raise PicksError(f"{users}: was changed while it was read: run again")
        parts.finish(out, form.join)
    return total if listed is None else replace(total, repeated=len(listed.repeated), blank=listed.n_blank)


def check_categories(model: Model, names: tuple[str, ...]) -> None:
    """Raises PicksError for categories that no item is in, with those that are written alike."""
    plain = {name.casefold(): name for name in sorted(model.catalogue.categories.names)}
    problems = []
    for name in unknown_categories(model, names):
        close = difflib.get_close_matches(name.casefold(), plain, n=CLOSE_MATCHES, cutoff=0.5)
        shown = ", ".join(repr(plain[one]) for one in close or [*plain][:CLOSE_MATCHES])
        hint = f"did you mean {shown}?" if close else f"there are {len(plain):,}, like {shown}"
        problems.append(f"no item is in the category {name!r}: {hint if plain else 'no item is in any'}")
    if problems:
        raise PicksError("\n  ".join(problems))


def _nobody(_: str) -> bool:
    return False


def _run(
    model: Model, query: Query, listed: UserList | None, form: PicksFormat, state: LiveState | None = None
) -> dict[str, Any]:
    """What the parts of one run have in common."""
    return {
        "version": model.version,
        "query": asdict(query),
        "users": listed and listed.fingerprint,
        "live": state and [state.name, state.seq],
        "users_per_chunk": USERS_PER_CHUNK,
        "format": repr(form),
    }


def _known(n_users: int) -> Iterator[range]:
    """All the version's users; even a shop of guests alone, who are no users, has a first chunk."""
    users = range(n_users)
    return (users[start : start + USERS_PER_CHUNK] for start in range(0, max(1, n_users), USERS_PER_CHUNK))


def _listed(user_ids: Iterable[str]) -> Iterator[tuple[str, ...]]:
    remaining = iter(user_ids)
    while users := tuple(islice(remaining, USERS_PER_CHUNK)):
        yield users


def _chunks(users: Iterable[range | tuple[str, ...]], done: Container[int]) -> Iterator[Chunk]:
    """The chunks that are not done."""
    return (Chunk(number, some) for number, some in enumerate(users) if number not in done)


def _answer(write: Callable[[Chunk], Tally], chunks: Iterator[Chunk], n_users: int, done: Sized) -> Iterator[Tally]:
    left = math.ceil(n_users / USERS_PER_CHUNK) - len(done)
    processes = available_cpus() if left >= CHUNKS_WORTH_PROCESSES else 1
    try:
        yield from spread(write, chunks, processes)
    except BrokenProcessPool as error:
        raise PicksError("a process was killed, perhaps for want of memory: run again to go on") from error


def _follow(tallies: Iterable[Tally], n_users: int, n_done: int, show_progress: bool) -> None:
    with tqdm(total=n_users, initial=n_done, desc="picks", unit=" users", disable=not show_progress) as bar:
        for tally in tallies:
            bar.update(tally.users)


def _total(tallies: Mapping[int, Tally]) -> Tally:
    return sum(tallies.values(), Tally())
