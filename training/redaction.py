"""Addresses as they may be shown and written down: without passwords and signatures."""

import re
from typing import Any
from urllib.parse import urlsplit

from artifacts.redaction import public_url, without_named_secrets
from training.addresses import is_database, read_database_url
from training.errors import DataError

_URL = re.compile(r"[A-Za-z][\w+.-]*://[^\s'\"<>)]+")


def public_name(source: str) -> str:
    """A source without what is nobody's business. Raises DataError for a database URL that is none."""
    return without_password(source) if is_database(source) else without_secrets(source)


def without_password(url: str) -> str:
    """A database URL with its password starred out and without its options, which may hold another, nor what else may
    be part of one. Raises DataError if it is none."""
    return public_url(read_database_url(url)).render_as_string(hide_password=True)


def without_secrets(url: str) -> str:
    """A file's path as it is, a URL without account and password and without the signature of a signed one."""
    if "://" not in url:
        return url
    parts = urlsplit(_without_torn_account(url))
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _without_torn_account(url: str) -> str:
    """A URL whose password holds a "/", "?" or "#" as it is, and so does not end where it seems to, without account."""
    scheme, _, rest = url.partition("://")
    host, colon, port = re.split("[/?#]", rest, maxsplit=1)[0].rpartition(":")
    torn = colon and "@" not in port and not port.isdigit() and not host.startswith("[") and "@" in rest
    return f"{scheme}://{rest.rpartition('@')[2]}" if torn else url


def public_text(text: str) -> str:
    """What a library says, with every address in it as it may be shown, and without what is called a password."""
    return without_named_secrets(_URL.sub(lambda found: public_value(found[0]), text))


def public_value(value: Any) -> Any:
    """A value of a configuration, whatever its type, with every address in it as it may be shown."""
    if isinstance(value, dict):
        return {key: public_value(one) for key, one in value.items()}
    if isinstance(value, list):
        return [public_value(one) for one in value]
    if not isinstance(value, str):
        return value
    if not _URL.fullmatch(value):
        return public_text(value)
    try:
        return public_name(value)
    except (DataError, ValueError):
        return f"{value.partition('://')[0]}://…"
