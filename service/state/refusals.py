"""Which versions a worker refuses, why, and when it tries them again."""

from dataclasses import dataclass

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0


@dataclass(frozen=True)
class Refusal:
    """Why a version was refused, and the time (of one monotonic clock, in seconds) to try it again."""

    reason: str
    pause: float
    again_at: float


class Refusals:
    """What is wrong with a version may pass: it was still being copied, or there was no file descriptor for a moment.

    Each pause is twice the one before, so that a version is taken up no longer after it is good than it was bad, and
    one that stays bad costs little.
    """

    def __init__(self) -> None:
        self._by_version: dict[str, Refusal] = {}

    def holds(self, version: str, now: float) -> bool:
        """Whether a version is not to be tried yet."""
        refusal = self._by_version.get(version)
        return refusal is not None and now < refusal.again_at

    def note(self, version: str, reason: str, now: float) -> bool:
        """Refuse a version; whether that, or the reason, is news."""
        before = self._by_version.get(version)
        pause = min(2 * before.pause, LONGEST_PAUSE_SECONDS) if before else FIRST_PAUSE_SECONDS
        self._by_version[version] = Refusal(reason, pause, now + pause)
        return before is None or before.reason != reason

    def forget(self, *versions: str) -> None:
        """Refuse these no longer; without any named, none at all."""
        for version in versions or tuple(self._by_version):
            self._by_version.pop(version, None)
