from itertools import pairwise

from service.state.refusals import LONGEST_PAUSE_SECONDS, Refusals


def test_pauses_double_up_to_the_longest() -> None:
    refusals, now, tried = Refusals(), 0.0, []
    while now < 3000:
        if not refusals.holds("v", now):
            refusals.note("v", "broken", now)
            tried.append(now)
        now += 1
    gaps = [later - earlier for earlier, later in pairwise(tried)]
    assert gaps[:4] == [1, 2, 4, 8]
    assert set(gaps[-3:]) == {LONGEST_PAUSE_SECONDS}


def test_a_reason_is_news_once_and_again_when_it_is_another() -> None:
    refusals = Refusals()
    assert [refusals.note("v", reason, 0) for reason in ("a", "a", "b", "b", "a")] == [True, False, True, False, True]
    assert refusals.note("w", "a", 0)


def test_what_is_forgotten_is_tried_at_once() -> None:
    refusals = Refusals()
    for version in ("v", "w"):
        refusals.note(version, "broken", 0)
    refusals.forget("v")
    assert (refusals.holds("v", 0), refusals.holds("w", 0)) == (False, True)
    refusals.forget()
    assert not refusals.holds("w", 0)
