"""Who may ask: the keys of the file, followed while the service runs."""

from contextlib import suppress
from pathlib import Path
from time import monotonic

from artifacts.publishing.durable import locked, replace_text
from service.http.errors import NoKeysError, ScopeError, UnknownKeyError
from service.http.keys import Keys, KeysFileError, Scope, read_keys
from service.telemetry.log import write_line
from service.telemetry.metrics import observe_keys

REREAD_SECONDS = 1.0
COPY_NAME = "keys.json"
Stamp = tuple[int, ...]


class Authorizer:
    """Lets a request pass when its key has the scope; follows changes of the file.

    A file that goes away or breaks later closes nothing and opens nothing: the keys known before stay in force. That
    holds for a worker that starts meanwhile, too: each leaves the keys it read as a copy in `shared`, a directory of
    all workers, so that a key which was revoked stays so. A worker that knows no keys lets nobody pass.
    """

    def __init__(self, path: Path | None, shared: Path | None = None) -> None:
        """Read the file, or else the copy; without a path no key is asked for."""
        self._path = path
        self._copy = shared / COPY_NAME if shared else None
        self._keys: Keys | None = None
        self._failure: str | None = None
        self._seen: Stamp | None = None
        self._looked = monotonic()
        if path is not None:
            self._read(path)
            if self._keys is None and self._copy is not None:
                with suppress(KeysFileError):
                    self._keys = read_keys(self._copy)

    def check(self, authorization: str | None, scope: Scope) -> None:
        """Raise UnknownKeyError or ScopeError unless the header's key has `scope`, or no keys are in force; NoKeysError
        where it is not known which are."""
        if self._path is None:
            return
        self._follow(self._path)
        key = self._in_force().find(_token(authorization, scope))
        if key is None:
            raise UnknownKeyError("this API key is not known", scope)
        if scope not in key.scopes:
            raise ScopeError(f"this API key has no scope {scope}", scope)

    @property
    def stale(self) -> bool:
        """Whether the file cannot be read now, so that older keys are in force. Raises NoKeysError where none are."""
        if self._path is None:
            return False
        self._follow(self._path)
        self._in_force()
        return self._failure is not None

    def _in_force(self) -> Keys:
        if self._keys is None:
            raise NoKeysError("the file of API keys cannot be read: nobody is let in until it can")
        return self._keys

    def _follow(self, path: Path) -> None:
        """Look again, now and then; a file that could not be read is tried again even if it looks the same."""
        if monotonic() - self._looked <= REREAD_SECONDS:
            return
        self._looked = monotonic()
        if self._failure is not None or _stamp(path) != self._seen:
            self._read(path)

    def _read(self, path: Path) -> None:
        seen = _stamp(path)
        try:
            keys = self._read_and_share(path)
        except KeysFileError as error:
            self._refuse(str(error))
        else:
            if self._seen is not None or self._failure is not None:
                write_line(event="keys_read", keys=len(keys.keys))
            self._keys, self._failure, self._seen = keys, None, seen
            observe_keys(stale=False)

    def _refuse(self, failure: str) -> None:
        if failure != self._failure:
            self._failure = failure
            observe_keys(stale=True)
            write_line(event="keys_refused", error=failure)

    def _read_and_share(self, path: Path) -> Keys:
        """The file's keys, left as the copy. One worker at a time, or one that was slow would leave older ones.

        Raises KeysFileError.
        """
        if self._copy is None:
            return read_keys(path)
        try:
            with locked(self._copy.with_suffix(".lock")):
                keys = read_keys(path)
                replace_text(self._copy, keys.model_dump_json(), mode=0o600)
                return keys
        except OSError:
            with suppress(OSError):  # better none than one that is out of date
                self._copy.unlink(missing_ok=True)
            return read_keys(path)


def _stamp(path: Path) -> Stamp | None:
    """What changes when the file, its owner or its permissions do; None where it is not there."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino


def _token(authorization: str | None, scope: Scope) -> str:
    if not authorization:
        raise UnknownKeyError("an API key is needed: Authorization: Bearer <key>", scope)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip().isascii():
        raise UnknownKeyError("an API key is needed in the form Authorization: Bearer <key>", scope)
    return token.strip()
