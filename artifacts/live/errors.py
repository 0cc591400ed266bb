"""What can be wrong with the live store. No message holds a password, or an id of a user or an item."""

from typing import ClassVar


class LiveError(Exception):
    """Base of every error about the live store."""


class LiveUrlError(LiveError):
    """A URL that names no database a live store can be in."""


class LiveValueError(LiveError):
    """A value that the database refuses: whoever sent it is to blame, and not the store."""


class LiveUnavailableError(LiveError):
    """The live store cannot be read or written now; whatever was asked has not happened, or may be asked again.

    `reason` is one word for a metric or a log.
    """

    reason: ClassVar[str] = "unreachable"


class LiveSchemaError(LiveUnavailableError):
    """The tables are of another, newer release. They are left alone."""

    reason = "schema"


class LiveTimeoutError(LiveUnavailableError):
    """It was locked, or did not answer in time."""

    reason = "timeout"


class LiveFullError(LiveUnavailableError):
    """Its disk, or the size it may have, is full."""

    reason = "full"


class LiveGoneError(LiveUnavailableError):
    """Its file is not there any more, or another one is in its place."""

    reason = "gone"


class LiveBrokenError(LiveUnavailableError):
    """Its file is damaged, or no database."""

    reason = "broken"


class LivePausedError(LiveUnavailableError):
    """It failed several times in a row and is not asked again for a moment."""

    reason = "paused"


_KINDS: tuple[type[LiveUnavailableError], ...] = (LiveUnavailableError, *LiveUnavailableError.__subclasses__())
REASONS = tuple(kind.reason for kind in _KINDS)
