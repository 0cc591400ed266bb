"""Addresses as they may be shown and written down: without passwords and signatures."""

from typing import Any
from urllib.parse import urlsplit

from training.addresses import is_database, read_database_url
from training.errors import DataError


def public_name(source: str) -> str:
    """A source without what is nobody's business. Raises DataError for a database URL that is none."""
    return without_password(source) if is_database(source) else without_secrets(source)


def without_password(url: str) -> str:
    """A database URL with its password starred out and without its options, which may hold another. Raises DataError
    if it is none."""
    return read_database_url(url).set(query={}).render_as_string(hide_password=True)


def without_secrets(url: str) -> str:
    """A file's path as it is, a URL without account and password and without the signature of a signed one."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def public_value(value: Any) -> Any:
    """A value of a configuration, whatever its type, with every address in it as it may be shown."""
    if isinstance(value, dict):
        return {key: public_value(one) for key, one in value.items()}
    if isinstance(value, list):
        return [public_value(one) for one in value]
    if not isinstance(value, str) or "://" not in value:
        return value
    try:
        return public_name(value)
    except (DataError, ValueError):
        return f"{value.partition('://')[0]}://…"
