"""Where the live store is and how long it keeps events: settings from the environment, bad ones reported together."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from artifacts.live.address import read_address
from artifacts.live.errors import LiveUrlError
from training.errors import ConfigError

DEFAULT_KEEP_DAYS = 400
MAX_KEEP_DAYS = 100_000


@dataclass(frozen=True)
class LiveSettings:
    """`live_url` is None where there is no live store; it may hold a password. Events are kept `live_keep_days` after
    they came, 0 is for ever."""

    live_url: str | None = field(repr=False)
    live_keep_days: int = DEFAULT_KEEP_DAYS


NO_LIVE_STORE = LiveSettings(None)


def read_live_settings(environ: Mapping[str, str]) -> LiveSettings:
    """The settings in `environ`; an empty value counts as unset. Raises ConfigError with every bad one."""
    problems: list[str] = []
    settings = LiveSettings(_url(environ.get("LIVE_URL") or None, problems), _days(environ, problems))
    if problems:
        raise ConfigError("\n".join(["the environment cannot be used:", *(f"  {problem}" for problem in problems)]))
    return settings


def _url(text: str | None, problems: list[str]) -> str | None:
    try:
        if text is not None and (folder := read_address(text).missing_folder) is not None:
            problems.append(f"LIVE_URL: {folder} is not a directory")
    except LiveUrlError as error:
        problems.append(f"LIVE_URL: {error}")
    return text


def _days(environ: Mapping[str, str], problems: list[str]) -> int:
    text = environ.get("LIVE_KEEP_DAYS") or str(DEFAULT_KEEP_DAYS)
    if text.isascii() and text.isdigit() and int(text) <= MAX_KEEP_DAYS:
        return int(text)
    problems.append(f"LIVE_KEEP_DAYS={text!r} is not a whole number from 0 to {MAX_KEEP_DAYS}")
    return DEFAULT_KEEP_DAYS
