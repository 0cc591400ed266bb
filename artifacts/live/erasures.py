"""Who asked to be forgotten: known again when they come back, but not named."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from artifacts.lately import Erasure
from artifacts.live.database import Database
from artifacts.live.schema import ERASURES


@dataclass(frozen=True)
class Digester:
    """Turns ids into what is kept of them: HMAC-SHA256 under the store's own key (RFC 2104)."""

    key: bytes

    def __call__(self, user_id: str) -> bytes:
        return hmac.digest(self.key, user_id.encode(), "sha256")


@dataclass(frozen=True)
class Erasures:
    """Every erasure, by digest; looking a user up takes about a microsecond and no database."""

    digester: Digester
    by_digest: Mapping[bytes, Erasure]

    def of(self, user_id: str) -> Erasure | None:
        """The user's last erasure: what they did up to then must be left out, what they did later counts."""
        return self.by_digest.get(self.digester(user_id)) if self.by_digest else None


_ALL = sa.select(ERASURES.c.digest, ERASURES.c.time, ERASURES.c.seq)


def read_erasures(database: Database, digester: Digester) -> Erasures:
    """All erasures. Raises LiveUnavailableError."""
    rows = database.read(_ALL, {}, patient=True)
    return Erasures(digester, {bytes(digest): Erasure(time, seq) for digest, time, seq in rows})
