"""Who was erased or wants no profile, as a worker keeps it for when the live store is gone."""

from artifacts.live.activity import NO_ACTIVITY, UserActivity
from artifacts.live.erasures import Erasures
from artifacts.live.store import LiveStore


class LiveUsers:
    """Read from the store again and again, by one thread; used by all."""

    def __init__(self) -> None:
        self._up_to = 0
        self._erasures: Erasures | None = None
        self._personalized: dict[str, bool] = {}

    def follow(self, store: LiveStore, last: int) -> None:
        """Read what is new, the store's last number being `last`. Raises LiveUnavailableError."""
        if self._erasures is None or last < self._up_to:  # the store is an older backup, then
            self._up_to, self._erasures, self._personalized = 0, store.erasures(), store.preferences()
        elif last > self._up_to:
            erasures, preferences = store.erasures(self._up_to), store.preferences(self._up_to)
            self._erasures = self._erasures.and_later(erasures)
            self._personalized.update(preferences)
        self._up_to = last

    def last_known(self, user_id: str | None) -> UserActivity:
        """What is known of a user without the store."""
        if user_id is None or self._erasures is None:
            return NO_ACTIVITY
        return UserActivity(erased=self._erasures.of(user_id), personalized=self._personalized.get(user_id, True))
