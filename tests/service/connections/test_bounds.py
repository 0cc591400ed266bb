"""Who waits for whom, for how long, and how many there may be."""

import socket
from time import monotonic

import pytest

from service import limits
from service.connections.bodies import Bodies
from service.connections.budget import Budget
from service.connections.connection import Connection
from service.connections.deadlines import answer_seconds, body_seconds, is_due
from service.connections.descriptors import connection_limit
from service.connections.shares import Share, Shares, has_most


def connection() -> Connection:
    """One that is nobody's: what it is connected to does not matter."""
    return Connection(socket.socket(), "", "", 100.0)


def test_a_body_has_time_by_its_size() -> None:
    assert body_seconds(0) == limits.BODY_SECONDS
    assert body_seconds(10 * limits.SLOWEST_BYTES_A_SECOND) == limits.BODY_SECONDS + 10
    assert body_seconds(limits.MAX_ITEMS_BODY_BYTES) == limits.MAX_BODY_SECONDS
    assert answer_seconds(limits.SLOWEST_BYTES_A_SECOND) == limits.ANSWER_SECONDS + 1


def test_an_idle_connection_may_be_told_to_go_sooner_and_no_other() -> None:
    idle, busy = connection(), connection()
    busy.received += b"GET"
    assert [is_due(one, now, 0) for one in (idle, busy) for now in (99.0, 100.0)] == [False, True, False, True]
    assert [is_due(one, 60.0, 70) for one in (idle, busy)] == [True, False]
    for one in (idle, busy):
        one.socket.close()


@pytest.mark.parametrize(("descriptors", "limit"), [(20_000, 1_000), (1_024, 804), (256, 36), (100, 1)])
def test_connections_leave_descriptors_for_files(descriptors: int, limit: int) -> None:
    assert connection_limit(1_000, descriptors, n_open=60, threads=8) == limit


def test_whoever_has_most_gives_way() -> None:
    shares = Shares()
    first, second, third = (Share(shares, number) for number in (1, 2, 3))
    assert first.fewest_of_others() is None
    for share, count in ((first, 5), (second, 3), (third, 4)):
        share.publish(count)
        share.confirm()
    assert [share.fewest_of_others() for share in (first, second, third)] == [3, 4, 3]
    second.leave()
    assert first.fewest_of_others() == 4
    assert [has_most(own, fewest) for own, fewest in ((5, 4), (4, 4), (6, 4), (40, 40), (50, 40), (51, 40))] == [
        False,
        False,
        True,
        False,
        False,
        True,
    ]
    assert not has_most(5, None)


def test_a_worker_that_is_not_heard_of_counts_for_nothing() -> None:
    shares = Shares()
    Share(shares, 2).confirm()
    shares.confirmed[2] = monotonic() - 10
    assert Share(shares, 1).fewest_of_others() is None


def test_a_budget_counts_each_taker_as_something() -> None:
    budget = Budget(100, least=40)
    assert [budget.reserve(1), budget.reserve(60), budget.reserve(1)] == [40, 60, 0]
    budget.release(40)
    assert budget.reserve(41) == 0
    assert budget.reserve(40) == 40


def test_bodies_wait_in_their_order() -> None:
    bodies = Bodies(Budget(100))
    one, two, three = connection(), connection(), connection()
    assert bodies.enter(one, 90) == 90
    assert bodies.enter(two, 50) == 0
    assert bodies.enter(three, 5) == 0  # there is room, but who was first goes first
    assert bodies.next() is None
    assert bodies.leave(90)
    assert bodies.next() == (two, 50)
    assert bodies.forget(two)
    assert bodies.next() == (three, 5)
    assert bodies.forget(three)
    assert not bodies.forget(three)
    for each in (one, two, three):
        each.socket.close()
