"""API keys: who may ask what. The file holds hashes only.

A key is a random token of 256 bits, so a plain SHA-256 of it cannot be reversed or guessed; the slow hashes made for
passwords would only cost every request time.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from artifacts.publishing.durable import locked, replace_text
from service.http.errors import ScopeError, UnknownKeyError
from service.telemetry.log import write_line

TOKEN_BYTES = 32
TOKEN_PREFIX = "aisle_"  # lets a secret scanner recognise a leaked key  # noqa: S105
REREAD_SECONDS = 1.0


class Scope(StrEnum):
    """What a key may be used for; none includes another."""

    READ = "read"
    BATCH = "batch"
    WRITE = "write"
    ADMIN = "admin"


class KeysFileError(Exception):
    """A keys file that cannot be read, or a change to it that makes no sense."""


class Key(BaseModel):
    """One key as it is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    created: datetime


class Keys(BaseModel):
    """All keys of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: tuple[Key, ...] = ()

    def find(self, token: str) -> Key | None:
        """The token's key. Every key is compared, in constant time, so that the time taken tells nothing."""
        digest = hash_token(token)
        found = None
        for key in self.keys:
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found


def hash_token(token: str) -> str:
    """What is kept of a token: SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_keys(path: Path) -> Keys:
    """The keys in a file. Raises KeysFileError, naming the file and each bad field."""
    try:
        return Keys.model_validate_json(path.read_bytes())
    except OSError as error:
        raise KeysFileError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise KeysFileError(f"{path}: {problems}") from error


def create_key(path: Path, name: str, scopes: frozenset[Scope]) -> str:
    """Add a key to a file, which is made where there is none, and answer its token, which is kept nowhere.

    Raises KeysFileError where the name is taken or the file cannot be read or written.
    """
    token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    key = Key(name=name, scopes=scopes, sha256=hash_token(token), created=datetime.now(UTC))
    with _changing(path):
        keys = read_keys(path) if path.exists() else Keys()
        if any(other.name == name for other in keys.keys):
            raise KeysFileError(f"{path}: there is a key named {name!r} already")
        _write(path, Keys(keys=(*keys.keys, key)))
    return token


def revoke_key(path: Path, name: str) -> None:
    """Remove a key from a file. Raises KeysFileError where no key has that name or the file cannot be written."""
    with _changing(path):
        keys = read_keys(path).keys
        kept = tuple(key for key in keys if key.name != name)
        if len(kept) == len(keys):
            raise KeysFileError(f"{path}: there is no key named {name!r}")
        _write(path, Keys(keys=kept))


@contextmanager
def _changing(path: Path) -> Iterator[None]:
    """Keep other processes from changing the file between its reading and its writing. Raises KeysFileError.

    The lock is a file of its own, which stays: the keys' file is another one after each change.
    """
    try:
        with locked(path.with_name(path.name + ".lock")):
            yield
    except OSError as error:
        raise KeysFileError(f"{path}: cannot be written: {error.strerror}") from error


def _write(path: Path, keys: Keys) -> None:
    """Swap the file in whole, so that a service that reads it meanwhile sees the old or the new one."""
    replace_text(path, keys.model_dump_json(indent=2) + "\n", mode=0o600)


@dataclass
class Authorizer:
    """Lets a request pass when its key has the scope; follows changes of the file.

    A file that goes away or breaks later closes nothing and opens nothing: the keys known before stay in force.
    """

    path: Path | None

    def __post_init__(self) -> None:
        """Read the file. Raises KeysFileError."""
        self._keys = read_keys(self.path) if self.path else None
        self._seen = self._stamp()
        self._looked = monotonic()

    def check(self, authorization: str | None, scope: Scope) -> None:
        """Raise UnknownKeyError or ScopeError unless the header's key has `scope`, or no keys are in force."""
        if self._keys is None:
            return
        if monotonic() - self._looked > REREAD_SECONDS:
            self._reread()
        key = self._keys.find(_token(authorization, scope))
        if key is None:
            raise UnknownKeyError("this API key is not known", scope)
        if scope not in key.scopes:
            raise ScopeError(f"this API key has no scope {scope}", scope)

    def _reread(self) -> None:
        self._looked = monotonic()
        stamp = self._stamp()
        if self.path is None or stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._keys = read_keys(self.path)
        except KeysFileError as error:
            write_line(event="keys_refused", error=str(error))
        else:
            write_line(event="keys_read", keys=len(self._keys.keys))

    def _stamp(self) -> tuple[int, int, int] | None:
        """What changes when the file does."""
        try:
            stat = self.path.stat() if self.path else None
        except OSError:
            return None
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino) if stat else None


def _token(authorization: str | None, scope: Scope) -> str:
    if not authorization:
        raise UnknownKeyError("an API key is needed: Authorization: Bearer <key>", scope)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip().isascii():
        raise UnknownKeyError("an API key is needed in the form Authorization: Bearer <key>", scope)
    return token.strip()
