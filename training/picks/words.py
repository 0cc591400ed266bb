"""A reason in a few words, as a mail can quote them."""

from artifacts.queries.query import Reason


def in_words(reason: Reason) -> str | None:
    """What tells most: how often it was bought, what it goes with, or that it sells; None where nothing is known."""
    if reason.times_bought:
        return "bought once" if reason.times_bought == 1 else f"bought {reason.times_bought} times"
    if reason.because_of:
        return f"because of {', '.join(cause.title or cause.item_id for cause in reason.because_of)}"
    return "sells now" if reason.sold_recently else None
