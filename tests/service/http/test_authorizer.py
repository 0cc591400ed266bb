"""The keys in force, whatever becomes of their file."""

from pathlib import Path

import pytest

from service.http import authorizer as module
from service.http.authorizer import COPY_NAME, Authorizer
from service.http.errors import NoKeysError, UnknownKeyError
from service.http.keys import Scope, create_key, revoke_key


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the file at each request."""
    monkeypatch.setattr(module, "REREAD_SECONDS", -1.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    return tmp_path / "shared"


def bearer(token: str) -> str:
    return f"Bearer {token}"


def test_who_starts_while_the_file_is_broken_knows_what_others_knew(path: Path, shared: Path) -> None:
    revoked, kept = (create_key(path, name, frozenset({Scope.READ})) for name in ("revoked", "kept"))
    first = Authorizer(path, shared)
    revoke_key(path, "revoked")
    first.check(bearer(kept), Scope.READ)
    path.write_text("broken")
    for authorizer in (first, Authorizer(path, shared)):
        authorizer.check(bearer(kept), Scope.READ)
        assert authorizer.stale
        with pytest.raises(UnknownKeyError):
            authorizer.check(bearer(revoked), Scope.READ)
    assert (shared / COPY_NAME).stat().st_mode & 0o077 == 0


def test_who_knows_no_keys_lets_nobody_in_until_the_file_can_be_read(path: Path, shared: Path) -> None:
    authorizer = Authorizer(path, shared)
    with pytest.raises(NoKeysError):
        authorizer.check(None, Scope.READ)
    with pytest.raises(NoKeysError):
        _ = authorizer.stale
    token = create_key(path, "shop", frozenset({Scope.READ}))
    authorizer.check(bearer(token), Scope.READ)
    assert not authorizer.stale


def test_a_copy_that_cannot_be_brought_up_to_date_is_none(
    path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_key(path, "shop", frozenset({Scope.READ}))
    authorizer = Authorizer(path, shared)
    revoke_key(path, "shop")

    def fail(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(module, "replace_text", fail)
    assert not authorizer.stale
    assert not (shared / COPY_NAME).exists(), "in it the key would be good still"


def test_a_file_that_may_not_be_read_is_noticed_though_its_content_is_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = create_key(path, "shop", frozenset({Scope.READ}))
    authorizer = Authorizer(path)
    read = Path.read_bytes

    def refuse(file: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    path.chmod(0o640)
    assert authorizer.stale
    monkeypatch.setattr(Path, "read_bytes", read)
    assert not authorizer.stale
    authorizer.check(bearer(token), Scope.READ)
