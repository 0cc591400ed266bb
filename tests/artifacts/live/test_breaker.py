from artifacts.live.breaker import FAILURES, PAUSE_SECONDS, Breaker


def broken(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES):
        assert breaker.admits(now)
        breaker.failed(now)
    return breaker


def test_a_few_failures_change_nothing() -> None:
    breaker = Breaker()
    for _ in range(10):
        for _ in range(FAILURES - 1):
            breaker.failed(0.0)
        assert breaker.admits(0.0)
        assert not breaker.open
        breaker.succeeded()


def test_failures_in_a_row_refuse_everybody_for_a_moment() -> None:
    breaker = broken(now=100.0)
    assert breaker.open
    assert not breaker.admits(100.0)
    assert not breaker.admits(100.0 + PAUSE_SECONDS - 0.001)


def test_after_it_one_may_try() -> None:
    breaker = broken()
    assert breaker.admits(PAUSE_SECONDS)
    assert not breaker.admits(PAUSE_SECONDS)
    assert not breaker.admits(PAUSE_SECONDS * 1.5)
    assert breaker.admits(PAUSE_SECONDS * 2), "where the one never came back"


def test_its_success_lets_everybody_in() -> None:
    breaker = broken()
    assert breaker.admits(PAUSE_SECONDS)
    breaker.succeeded()
    assert not breaker.open
    assert all(breaker.admits(PAUSE_SECONDS) for _ in range(5))


def test_its_failure_starts_another_pause() -> None:
    breaker = broken()
    assert breaker.admits(PAUSE_SECONDS)
    breaker.failed(PAUSE_SECONDS + 1)
    assert not breaker.admits(PAUSE_SECONDS * 2)
    assert breaker.admits(PAUSE_SECONDS * 2 + 1)
