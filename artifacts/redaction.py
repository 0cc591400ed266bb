"""Database addresses, and what drivers say of them, as they may be shown: no password, wherever in one it stands."""

import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import sqlalchemy as sa

HIDDEN = "***"
SHORT = 4  # characters: what is shorter stands in other words too, and cannot be starred out of them
LEFT_OUT = "the driver's message is left out, as it may hold a password"
# Options that are no secrets, whose values help whoever reads the message.
_HARMLESS = {
    *("host", "hostaddr", "port", "user", "dbname", "charset", "client_encoding", "application_name", "driver"),
    *("connect_timeout", "sslmode", "gssencmode", "channel_binding", "target_session_attrs"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"),
}
_NOT_IN_A_NAME = re.compile(r"[#?;=&\s]")  # nor in what follows: options that were written in the wrong place
_NAMED = re.compile(
    r"(?i)(\b[\w-]*(?:password|passwd|passphrase|pwd|secret|token|api_?key|accountkey|signature|\bsig)\s*[=:]\s*)"
    r"('[^']*'|\"[^\"]*\"|[^\s;,&'\")]+)"
)


def public_url(url: sa.URL) -> sa.URL:
    """The URL without options, and without what may be part of a password in user, host and database.

    Its own password stays, and is starred out when it is rendered.
    """
    database = url.database if url.get_backend_name() == "sqlite" else _plain(url.database)
    user = url.username and url.username.partition(":")[0]
    host = url.host and url.host.rpartition("@")[2]
    return url.set(username=user, host=host, database=database, query={})


def scrubbed(text: str, url: sa.URL) -> str:
    """What a driver says of a database, with every secret of the URL starred out."""
    for secret in sorted(_secrets(url), key=len, reverse=True):
        if secret not in text:
            continue
        if len(secret) < SHORT:
            return LEFT_OUT
        text = text.replace(secret, HIDDEN)
    return without_named_secrets(text)


def without_named_secrets(text: str) -> str:
    """Text in which what is called a password, a token, a signature and so on is starred out: `pwd=***`."""
    return _NAMED.sub(rf"\g<1>{HIDDEN}", text)


def _plain(database: str | None) -> str | None:
    return database and _NOT_IN_A_NAME.split(database.rpartition("@")[2])[0]


def _secrets(url: sa.URL) -> set[str]:
    written = {secret for secret in _parts(url) if secret}
    return written | {encoded for secret in written for encoded in (quote(secret, safe=""), quote_plus(secret))}


def _parts(url: sa.URL) -> Iterator[str]:
    """All that may be a secret: what `public_url` leaves out."""
    yield str(url.password or "")
    yield (url.username or "").partition(":")[2]
    yield (url.host or "").rpartition("@")[0]
    if url.get_backend_name() != "sqlite":
        yield (url.database or "").removeprefix(_plain(url.database) or "")
        yield from (part.rpartition("=")[2] for part in _NOT_IN_A_NAME.split(url.database or "")[1:])
    for name, values in url.normalized_query.items():
        if name.lower() not in _HARMLESS:
            for value in values:
                yield value
                yield from (word.rpartition("=")[2] for word in value.split() if "=" in word)
