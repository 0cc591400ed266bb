"""Who asked to be forgotten: known again when they come back, but not named."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa

from artifacts.live.activity import Erasure
from artifacts.live.database import Database
from artifacts.live.schema import ERASURES
from artifacts.live.sound_rows import sound_erasure_time


@dataclass(frozen=True)
class Digester:
    """Turns ids into what is kept of them: keyed BLAKE2b under the store's own key (RFC 7693), 32 bytes."""

    key: bytes

    def __call__(self, user_id: str) -> bytes:
        digest = self._keyed.copy()
        digest.update(user_id.encode())
        return digest.digest()

    @cached_property
    def _keyed(self) -> hashlib.blake2b:
        return hashlib.blake2b(key=self.key, digest_size=32)


@dataclass(frozen=True)
class Erasures:
    """Every erasure, by digest; looking a user up takes about a microsecond and no database."""

    digester: Digester
    by_digest: Mapping[bytes, Erasure]

    def of(self, user_id: str) -> Erasure | None:
        """The user's last erasure: what they did up to then must be left out, what they did later counts."""
        return self.by_digest.get(self.digester(user_id)) if self.by_digest else None

    def and_later(self, others: "Erasures") -> "Erasures":
        """With those that came afterwards."""
        return Erasures(others.digester, {**self.by_digest, **others.by_digest}) if others.by_digest else self


_ABOVE = sa.select(ERASURES.c.digest, ERASURES.c.time, ERASURES.c.seq).where(ERASURES.c.seq > sa.bindparam("after"))


def read_erasures(database: Database, digester: Digester, after: int) -> Erasures:
    """The erasures above a number. Raises LiveUnavailableError."""
    rows = database.read(_ABOVE, {"after": after}, patient=True)
    return Erasures(
        digester,
        {bytes(digest): Erasure(sound_erasure_time(time, seq, database.skipped), seq) for digest, time, seq in rows},
    )
