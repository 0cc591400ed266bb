"""API keys as they are kept: who may ask what. The file holds hashes only.

A key is a random token of 256 bits, so a plain SHA-256 of it cannot be reversed or guessed; the slow hashes made for
passwords would only cost every request time.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from artifacts.publishing.durable import locked, replace_text

TOKEN_BYTES = 32
TOKEN_PREFIX = "aisle_"  # lets a secret scanner recognise a leaked key  # noqa: S105


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
        raise KeysFileError(f"{path}: {_problems(error)}") from error


def _problems(error: ValidationError) -> str:
    """Each bad field with what is wrong with it; what is no JSON has no fields."""
    return "; ".join(": ".join(filter(None, (".".join(map(str, e["loc"])), e["msg"]))) for e in error.errors())


def create_key(path: Path, name: str, scopes: frozenset[Scope]) -> str:
    """Add a key to a file, which is made where there is none, and answer its token, which is kept nowhere.

    Raises KeysFileError where the name is taken or cannot be one, or the file cannot be read or written.
    """
    token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    try:
        key = Key(name=name, scopes=scopes, sha256=hash_token(token), created=datetime.now(UTC))
    except ValidationError as error:
        raise KeysFileError(_problems(error)) from error
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
        with locked(path.with_name(path.name + ".lock"), of=path):
            yield
    except OSError as error:
        raise KeysFileError(f"{path}: cannot be written: {error.strerror}") from error


def _write(path: Path, keys: Keys) -> None:
    """Swap the file in whole, so that a service that reads it meanwhile sees the old or the new one. A link to it stays
    one."""
    replace_text(path.resolve(), keys.model_dump_json(indent=2) + "\n", mode=0o600)
