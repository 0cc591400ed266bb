"""A shop's day through two gunicorns with two workers each, on SQLite and on PostgreSQL: what customers do, what sells
out, who asks to be forgotten, a new version and a rollback. After each step every path is asked in every worker, and
answers exactly the items that it must."""

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
import pytest

from artifacts.model.ids import UNKNOWN
from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from tests.support.gunicorn_service import Reply, Service, ask, every_worker, running
from tests.support.shop import write_tiny_shop
from tests.support.versions import copy_of, publish_again
from training.job import train
from training.live.settings import LiveSettings

EFFECT_SECONDS = 1.0
SERVED_SECONDS = 10.0  # until a version that is published, or rolled back to, is served by all
EXPLORE = 0.2
ALL = 100
USERS = ("u1", "u2", "u3", "u4", "newcomer")
SESSION = "visitor"
NDJSON = {"Content-Type": "application/x-ndjson"}

Items = set[str]


class Deal(NamedTuple):
    """What somebody did with an item: how many more they have of it; 0 is a look."""

    who: str
    item_id: str
    more: int


@dataclass
class Truth:
    """What the shop knows that its answers must show."""

    version: Model
    said: dict[str, dict[str, Any]] = field(default_factory=dict)  # fields of items, as put
    dealt: list["Deal"] = field(default_factory=list)
    erased: dict[str, int] = field(default_factory=dict)  # how many deals there had been when
    trained: dict[str, int] = field(default_factory=dict)  # how many deals a version was trained with, none if not said
    opted_out: Items = field(default_factory=set)

    def field(self, item_id: str, name: str) -> Any:
        """What is said of an item, by the shop or else by the version."""
        said = self.said.get(item_id, {}).get(name)
        place = self.version.item_ids.find(item_id)
        if said is not None or place == UNKNOWN:
            return None if said == "" else said  # a text that is taken away
        catalogue = self.version.catalogue
        return bool(catalogue.available[place]) if name == "available" else catalogue.describe(place).get(name)

    @property
    def known(self) -> Items:
        """The items of the version."""
        return {self.version.item_ids[place] for place in range(len(self.version.item_ids))}

    @property
    def telling(self) -> Items:
        """Those that tell a taste: what nobody bought before training has no factors."""
        return {self.version.item_ids[place] for place in np.nonzero(self.version.item_factors.any(axis=1))[0].tolist()}

    @property
    def sold_out(self) -> Items:
        return {item_id for item_id in self.known | self.said.keys() if self.field(item_id, "available") is False}

    @property
    def stock(self) -> Items:
        """Available items of the version."""
        return self.known - self.sold_out

    @property
    def unseen(self) -> Items:
        """Available items that came after the version."""
        return self.said.keys() - self.known - self.sold_out

    def deals(self, *people: str) -> list[Deal]:
        """What the version does not know of users and sessions, in turn; a session's it never does."""
        trained = self.trained.get(self.version.version, 0)
        first = {who: 0 if who == SESSION else max(trained, self.erased.get(who, 0)) for who in people}
        return [deal for number, deal in enumerate(self.dealt) if number >= first.get(deal.who, len(self.dealt))]

    def knows(self, who: str) -> bool:
        """Whether the version has the user, who did not ask to be forgotten since."""
        erased = who in self.erased and self.erased[who] >= self.trained.get(self.version.version, 0)
        return self.version.user_ids.find(who) != UNKNOWN and not erased

    def bought(self, *people: str) -> Items:
        """What a user or a session bought and kept; together they are one person, who may return in one what was
        bought in the other."""
        units: Counter[str] = Counter()
        for who in filter(self.knows, people):
            history = self.version.history.of(self.version.user_ids.find(who))
            names = [self.version.item_ids[item] for item in history.items.tolist()]
            units.update(dict(zip(names, history.times_bought.tolist(), strict=True)))
        for deal in self.deals(*people):
            units[deal.item_id] = max(0, units[deal.item_id] + deal.more)
        return {item_id for item_id, left in units.items() if left}

    def hidden(self, who: str) -> Items:
        """What answers to a user leave out: of who opted out nothing is read."""
        return set() if who in self.opted_out else self.bought(who)

    def fallback(self, who: str) -> str | None:
        if who in self.opted_out:
            return "not_personalized"
        looked_at = {deal.item_id for deal in self.deals(who) if deal.more == 0}
        tells = self.knows(who) or (self.bought(who) | looked_at) & self.telling
        return None if tells else "unknown_user"


class Day:
    """The shop, its hosts, and what is true."""

    def __init__(self, store: Store, hosts: list[Service], workers: list[HTTPConnection], random: Random) -> None:
        self.store, self.hosts, self.workers, self.random = store, hosts, workers, random
        self.truth = Truth(open_model(store.current_path()))
        self.delays: dict[str, float] = {}
        self._numbers = count()

    # What happens

    def put(self, method: str, target: str, body: object, headers: Mapping[str, str] | None = None) -> Any:
        """A write to any host."""
        reply = self.random.choice(self.hosts).ask(method, target, body, headers)
        assert reply.status in {200, 202}, reply.body
        return reply.json

    def happens(self, kind: str, who: str, *item_ids: str) -> None:
        """Events of a user or of the session, one an item, now."""
        owner = "session_id" if who == SESSION else "user_id"
        moment = datetime.now(UTC).isoformat()
        events = [
            {"event_id": f"e{next(self._numbers)}", "type": kind, owner: who, "item_id": item_id, "time": moment}
            for item_id in item_ids
        ]
        assert self.put("POST", "/v1/events", {"events": events})["accepted"] == len(events)
        more = {"purchase": 1, "return": -1}.get(kind, 0)
        self.truth.dealt += [Deal(who, item_id, more) for item_id in item_ids]

    def say(self, item_id: str, **fields: Any) -> None:
        """Change an item."""
        self.put("PUT", f"/v1/items/{item_id}", fields)
        self.truth.said.setdefault(item_id, {}).update(fields)

    def say_many(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Change items line by line."""
        lines = b"\n".join(json.dumps({"item_id": item_id, **fields}).encode() for item_id, fields in changes.items())
        assert self.put("PUT", "/v1/items", lines, NDJSON)["accepted"] == len(changes)
        for item_id, fields in changes.items():
            self.truth.said.setdefault(item_id, {}).update(fields)

    def erase(self, who: str) -> None:
        self.put("DELETE", f"/v1/users/{who}", None)
        self.truth.erased[who] = len(self.truth.dealt)
        self.truth.opted_out.discard(who)

    def prefer(self, who: str, personalized: bool) -> None:
        self.put("PUT", f"/v1/users/{who}/preferences", {"personalized": personalized})
        (self.truth.opted_out.discard if personalized else self.truth.opted_out.add)(who)

    def serve_current(self) -> None:
        """The store's current version is what is to be served from now on."""
        self.truth.version = open_model(self.store.current_path())

    # What is answered

    def check(self, step: str, seconds: float = EFFECT_SECONDS) -> None:
        """Ask every worker everything until all is as it must be, which it is at the latest `seconds` from now."""
        start = time.monotonic()
        while True:
            asked = time.monotonic() - start
            wrong = [f"{step}: {problem}" for worker in self.workers for problem in problems(worker, self.truth)]
            if not wrong:
                break
            assert asked < seconds, "\n".join(wrong[:20])
        self.delays[step] = asked


def problems(worker: HTTPConnection, truth: Truth) -> Iterator[str]:
    """What a worker answers wrong."""
    version, stock = truth.version.version, truth.stock
    for name, (request, wanted) in expectations(truth).items():
        reply = ask(worker, *request)
        found = [item["item_id"] for item in reply.json.get("items", [])]
        if (reply.status, reply.json.get("model_version")) != (200, version) or "degraded" in reply.json:
            yield f"{name}: {reply.status}, {reply.json}"
        elif len(found) != len(set(found)) or set(found) != wanted:
            yield f"{name}: too many {sorted(set(found) - wanted)}, too few {sorted(wanted - set(found))}"
        else:
            yield from _mistold(name, reply, truth)
    yield from _misranked(worker, truth)
    yield from _misbatched(worker, truth)
    nobody = _sent(ask(worker, *to_user("nobody")))
    for who in USERS:
        sent = _sent(ask(worker, *to_user(who)))
        if sent["fallback"] != truth.fallback(who):
            yield f"{who}: fallback {sent['fallback']}"
        forgotten = who in truth.erased and truth.fallback(who) == "unknown_user" and not truth.deals(who)
        if forgotten and sent != nobody:
            yield f"{who}: is answered otherwise than nobody"
    assert stock, "a shop that is sold out shows nothing"


Request = tuple[str, str] | tuple[str, str, object]


def to_user(who: str, repeat: str = "exclude") -> Request:
    return "GET", f"/v1/users/{who}/recommendations?limit={ALL}&repeat={repeat}"


def expectations(truth: Truth) -> dict[str, tuple[Request, Items]]:
    """Requests by name, each with the items that it must be answered, no more and no less."""
    stock, shown = truth.stock, truth.stock | truth.unseen
    asked: dict[str, tuple[Request, Items]] = {}
    for who in USERS:
        hidden = truth.hidden(who)
        asked[f"{who}"] = to_user(who), shown - hidden
        asked[f"{who}, allow"] = to_user(who, "allow"), shown
        asked[f"{who}, only"] = to_user(who, "only"), hidden & stock
        basket = {"items": ["I001", "I002"], "user_id": who, "limit": ALL}
        asked[f"{who}, basket"] = ("POST", "/v1/cross-sell", basket), stock - hidden - {"I001", "I002"}
    seen = truth.bought(SESSION)
    asked["session"] = ("POST", "/v1/recommendations", {"session_id": SESSION, "limit": ALL}), shown - seen
    both = {"session_id": SESSION, "user_id": "u1", "recent_items": ["I007"], "limit": ALL}
    hidden = set() if "u1" in truth.opted_out else truth.bought("u1", SESSION) | {"I007"}
    asked["user in session"] = ("POST", "/v1/recommendations", both), shown - hidden
    asked["cross-sell"] = ("GET", f"/v1/items/I001/cross-sell?limit={ALL}"), stock - {"I001"}
    asked["similar"] = ("GET", f"/v1/items/I001/similar?limit={ALL}"), stock - {"I001"}
    asked["popular"] = ("GET", f"/v1/popular?limit={ALL}"), stock
    cheap = {item_id for item_id in stock if (truth.field(item_id, "price") or ALL) <= 12}
    asked["cheap"] = ("GET", f"/v1/popular?limit={ALL}&max_price=12"), cheap
    odd = {item_id for item_id in shown if truth.field(item_id, "category") == "odd"}
    asked["odd"] = ("GET", f"/v1/users/nobody/recommendations?limit={ALL}&category=odd"), odd
    return asked


def _mistold(name: str, reply: Reply, truth: Truth) -> Iterator[str]:
    """Items that are shown with other texts than the shop's."""
    for item in reply.json["items"]:
        for text in ("title", "category", "price", "product_url"):
            if item.get(text) != truth.field(item["item_id"], text):
                yield f"{name}: {item['item_id']} is shown with {text} {item.get(text)!r}"


def _misranked(worker: HTTPConnection, truth: Truth) -> Iterator[str]:
    known = sorted(truth.known)
    for who in USERS[:3]:
        body = ask(worker, "POST", "/v1/rank", {"user_id": who, "items": [*known, "nowhere"]}).json
        flags = {item["item_id"]: item["available"] for item in body["items"]}
        if flags != {item_id: item_id in truth.stock for item_id in known} or body["missing_ids"] != ["nowhere"]:
            yield f"{who}, rank: {body}"
        if body["fallback"] != truth.fallback(who):
            yield f"{who}, rank: fallback {body['fallback']}"


def _misbatched(worker: HTTPConnection, truth: Truth) -> Iterator[str]:
    """A batch says what single requests say."""
    users = [*USERS, "nobody"]
    body = {"user_ids": users, "limit": ALL}
    lines = ask(worker, "POST", "/v1/batch/recommendations", body).body.splitlines()
    for who, line in zip(users, lines, strict=True):
        items = {item["item_id"] for item in json.loads(line)["items"]}
        if items != (truth.stock | truth.unseen) - truth.hidden(who):
            yield f"{who}, batch: {sorted(items)}"


def _sent(reply: Reply) -> dict[str, Any]:
    """An answer without what names the request."""
    body: dict[str, Any] = reply.json
    return {name: body[name] for name in ("items", "missing_ids", "fallback")}


@pytest.fixture
def store(tiny_store: Store, tmp_path: Path) -> Store:
    return copy_of(tiny_store, tmp_path / "store")


@pytest.fixture
def day(store: Store, live_url: str, tmp_path: Path) -> Iterator[Day]:
    with ExitStack() as stack:
        hosts: list[Service] = []
        workers: list[HTTPConnection] = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            settings: dict[str, Any] = {"WORKERS": "2", "LIVE_URL": live_url, "EXPLORE": str(EXPLORE)}
            hosts.append(stack.enter_context(running(store.root, tmp_path / name, **settings)))
            workers += stack.enter_context(every_worker(hosts[-1])).values()
        day = Day(store, hosts, workers, Random(0))  # noqa: S311  # a day that can be played again
        yield day
        for host in hosts:
            assert not [line for line in host.lines() if line.get("event") in {"error", "live_unavailable"}]
            assert host.err.read_text().count("Booting worker") == 2, "no worker died"


def retrain(day: Day, live_url: str, tmp_path: Path) -> None:
    """Publish a version that is trained on other purchases and on the live store."""
    config = write_tiny_shop(tmp_path / "other-purchases", seed=1)
    version = train(config, day.store, show_progress=False, force="another shop", live=LiveSettings(live_url))
    day.truth.trained[version] = len(day.truth.dealt)
    day.serve_current()


@pytest.mark.parametrize("live_url", [pytest.param("sqlite", marks=pytest.mark.slow), "postgresql"], indirect=True)
def test_a_shop_day(day: Day, live_url: str, tmp_path: Path) -> None:
    day.check("in the morning", SERVED_SECONDS)

    day.happens("purchase", "u3", "I020", "I022")
    day.check("u3 buys")
    day.happens("view", "newcomer", "I001", "I003")
    day.happens("purchase", "newcomer", "I001")
    day.check("a newcomer buys")
    day.happens("purchase", SESSION, "I004")
    day.happens("cart", SESSION, "I006")
    day.check("a visitor buys")
    day.say("I001", available=False)
    day.check("I001 is sold out")
    day.say_many({f"I{item:03}": {"available": False} for item in range(10, 20)})
    day.check("half the shop is sold out")
    day.say("I005", available=True, price=3.0, title="Item five is back")
    day.check("I005 is back, dearer, and has another name")
    day.say("I002", category="odd", product_url="")
    day.check("I002 moves")
    day.say("NEW1", title="Not seen in training", category="odd", price=4.0)
    day.happens("view", "u1", "NEW1")
    day.check("a new item")
    day.prefer("u2", personalized=False)
    day.check("u2 opts out")
    day.erase("u4")
    day.check("u4 is forgotten")
    day.happens("return", "u3", "I020")
    day.check("u3 returns one of two")

    retrain(day, live_url, tmp_path)
    day.check("a new version", SERVED_SECONDS)
    day.say_many({"I001": {"available": True}, "I010": {"available": None}, "NEW1": {"available": False}})
    day.check("I001 and I010 are back, NEW1 is gone")
    day.happens("purchase", "u4", "I008")
    day.check("who was forgotten comes back as somebody new")
    day.erase("newcomer")
    day.prefer("u2", personalized=True)
    day.check("the newcomer is forgotten, u2 opts in")

    day.store.rollback()
    day.serve_current()
    day.check("a rollback", SERVED_SECONDS)
    day.erase("u4")
    day.say("I005", price=None, title=None)
    day.check("u4 is forgotten again, I005 is as before")
    print_delays(day)


def print_delays(day: Day) -> None:
    """How long after each step all answers were right."""
    print()
    for step, seconds in day.delays.items():
        print(f"{seconds:7.3f} s  {step}")


def some_step(day: Day) -> tuple[str, Callable[[], None]]:
    """Anything that may happen in a shop."""
    random, truth = day.random, day.truth
    who = random.choice([*USERS, SESSION])
    user = random.choice(USERS)
    item = random.choice(sorted(truth.known | truth.said.keys()))
    kept = sorted(deal.item_id for deal in truth.deals(who) if deal.more > 0)
    steps: dict[str, Callable[[], None]] = {
        f"{who} buys {item}": lambda: day.happens("purchase", who, item),
        f"{who} looks at {item}": lambda: day.happens("view", who, item),
        f"{item} changes": lambda: day.say(
            item, available=random.choice([True, False, None]), price=random.choice([None, 2.0, 50.0])
        ),
        f"{item} is named anew": lambda: day.say(item, title=f"Name {random.random()}", category=some_category(random)),
        f"{user} is forgotten": lambda: day.erase(user),
        f"{user} chooses": lambda: day.prefer(user, random.random() < 0.5),
        "a new item": lambda: day.say(f"NEW{random.randrange(5)}", available=True, category="odd"),
    }
    if kept:
        back = random.choice(kept)
        steps[f"{who} returns {back}"] = lambda: day.happens("return", who, back)
    return random.choice(list(steps.items()))


def some_category(random: Random) -> str | None:
    return random.choice(["odd", "even", "Öfen", None])


def any_day(day: Day, seed: int, steps: int, versions: Collection[int]) -> None:
    """Steps at random, three at a time, with another version now and then."""
    day.random.seed(seed)
    for number in range(steps):
        names = []
        for _ in range(3):
            name, step = some_step(day)
            names.append(name)
            step()
        if number in versions:
            publish_again(day.store, hours=number)
            day.serve_current()
        day.check(f"{number}: {'; '.join(names)}", SERVED_SECONDS if number in versions else EFFECT_SECONDS)
    print_delays(day)


@pytest.mark.parametrize("live_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
def test_any_day(day: Day) -> None:
    any_day(day, seed=1, steps=6, versions={3})


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 8))
def test_many_days(day: Day, seed: int) -> None:
    any_day(day, seed, steps=80, versions={20, 21, 50})
