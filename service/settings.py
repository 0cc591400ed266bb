"""The service's settings: read once from the environment, all bad values reported together."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from artifacts.config import artifacts_dir
from artifacts.cpus import available_cpus
from artifacts.live.address import read_address
from artifacts.live.errors import LiveUrlError
from service.port import DEFAULT_HOST, DEFAULT_PORT, MAX_PORT, whole_number

DEFAULT_THREADS = 8  # a worker's; a stream holds one
# Set for the workers by gunicorn.conf.py.
ADDRESS_CHECKED = "AISLE_ADDRESS_CHECKED"
RUN_DIRECTORY = "AISLE_RUN_DIRECTORY"
MAX_WORKERS = 512
MAX_THREADS = 256
_LABEL = r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
_ORIGIN = re.compile(
    rf"(?P<scheme>https?)://({_LABEL}(\.{_LABEL})*|\[[0-9a-f:.]+\])(:(?P<port>0|[1-9][0-9]{{0,4}}))?", re.ASCII
)
_OWN_PORTS = {"http": "80", "https": "443"}


class SettingsError(Exception):
    """Settings that cannot be served with. The message names each by name and value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(["the service cannot start:", *(f"  {problem}" for problem in problems)]))


@dataclass(frozen=True)
class Settings:
    """Where to listen, with how much, what to serve and to whom."""

    host: str
    port: int
    workers: int
    threads: int
    artifacts_dir: Path
    api_keys_file: Path | None
    serve_without_keys: bool
    live_url: str | None = field(repr=False)  # it may hold a password
    explore: float  # the share of an answer to a user that is for items not seen in training
    cors_origins: tuple[str, ...]  # whose pages may read answers in a browser; "*" alone: all

    def may_listen_on(self, host: str) -> bool:
        """Whether the service may be reached at that address: off this machine only with keys, or told so."""
        return self.api_keys_file is not None or self.serve_without_keys or is_loopback(host)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host` (an address, or a name; other names count as reachable)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def exposed(host: str) -> str:
    """What is wrong with listening on `host`, and the ways out."""
    return (
        f"HOST={host!r} can be reached from other machines and there are no API keys: set API_KEYS_FILE "
        "(python -m service keys create), or SERVE_WITHOUT_KEYS=yes to let anyone ask"
    )


def read_settings(environ: Mapping[str, str], started: bool = False) -> Settings:
    """The settings in `environ`; an empty value counts as unset. Raises SettingsError with every bad one.

    What they name has to be there for a service to start. One that has `started` goes on without what went away since:
    for it, what was read once can be read again, whatever became of the files.
    """
    problems: list[str] = []
    keys_file = environ.get("API_KEYS_FILE") or None
    if keys_file and not started and not Path(keys_file).is_file():
        problems.append(f"API_KEYS_FILE={keys_file!r} is not a file")
    settings = Settings(
        host=environ.get("HOST") or DEFAULT_HOST,
        port=_integer(environ, "PORT", DEFAULT_PORT, (0, MAX_PORT), problems),
        workers=_integer(environ, "WORKERS", available_cpus(), (1, MAX_WORKERS), problems),
        threads=_integer(environ, "THREADS", DEFAULT_THREADS, (1, MAX_THREADS), problems),
        artifacts_dir=artifacts_dir(environ),
        api_keys_file=Path(keys_file) if keys_file else None,
        serve_without_keys=_yes(environ, "SERVE_WITHOUT_KEYS", problems),
        live_url=_live_url(environ, started, problems),
        explore=_share(environ, "EXPLORE", problems),
        cors_origins=_origins(environ, "CORS_ORIGINS", problems),
    )
    if not settings.may_listen_on(settings.host):
        problems.append(exposed(settings.host))
    if problems:
        raise SettingsError(problems)
    return settings


def _integer(environ: Mapping[str, str], name: str, default: int, bounds: tuple[int, int], problems: list[str]) -> int:
    text = environ.get(name) or str(default)
    low, high = bounds
    number = whole_number(text, low, high)
    if number is not None:
        return number
    problems.append(f"{name}={text!r} is not a whole number from {low} to {high}")
    return default


def _yes(environ: Mapping[str, str], name: str, problems: list[str]) -> bool:
    text = environ.get(name) or "no"
    if text not in {"yes", "no"}:
        problems.append(f"{name}={text!r} is neither yes nor no")
    return text == "yes"


def _live_url(environ: Mapping[str, str], started: bool, problems: list[str]) -> str | None:
    text = environ.get("LIVE_URL") or None
    try:
        folder = read_address(text).missing_folder if text is not None else None
        if folder is not None and not started:
            problems.append(f"LIVE_URL: {folder} is not a directory")
    except LiveUrlError as error:
        problems.append(f"LIVE_URL: {error}")
    return text


def _share(environ: Mapping[str, str], name: str, problems: list[str]) -> float:
    text = environ.get(name) or "0"
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        problems.append(f"{name}={text!r} is not a number from 0 to 1")
    return share


def _origins(environ: Mapping[str, str], name: str, problems: list[str]) -> tuple[str, ...]:
    """Origins, between commas, exactly as browsers send them: any other text would never match, without a word."""
    texts = tuple(text for part in (environ.get(name) or "").split(",") if (text := part.strip()))
    for text in texts:
        if not (_is_origin(text) or texts == ("*",)):
            problems.append(
                f"{name}: {text!r} is not an origin as browsers send it: https://shop.example, in small letters, with "
                "its port where that is not the scheme's own, and no path; or * alone, for all"
            )
    return texts


def _is_origin(text: str) -> bool:
    found = _ORIGIN.fullmatch(text)
    if found is None:
        return False
    port = found["port"]
    return port is None or (port != _OWN_PORTS[found["scheme"]] and 0 < int(port) <= MAX_PORT)


def check_address(settings: Settings, environ: Mapping[str, str]) -> None:
    """Raise SettingsError where nothing keeps other machines out, as under a server that HOST does not bind."""
    open_to_all = not (settings.api_keys_file or settings.serve_without_keys)
    if open_to_all and ADDRESS_CHECKED not in environ:
        raise SettingsError(
            [
                "without API keys the address must be known to be local: start it with "
                "gunicorn -c service/gunicorn.conf.py, set API_KEYS_FILE, or SERVE_WITHOUT_KEYS=yes"
            ]
        )
