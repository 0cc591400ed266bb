import hashlib
import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from errno import ENOSPC
from pathlib import Path

import pytest

from artifacts.publishing.store import Store
from service.__main__ import main
from service.http.authorizer import Authorizer
from service.http.errors import ScopeError, UnknownKeyError
from service.http.keys import KeysFileError, Scope, create_key, read_keys, revoke_key
from tests.support.gunicorn_service import DEADLINE_SECONDS, Service, running, wait_for
from tests.support.paths import ROOT

BATCH = {"user_ids": ["u1"], "limit": 1}
Request = tuple[str, str, object]
READ_REQUESTS: list[Request] = [
    ("GET", "/v1/users/u1/recommendations", None),
    ("POST", "/v1/recommendations", {"user_id": "u1"}),
    ("GET", "/v1/items/I000/cross-sell", None),
    ("POST", "/v1/cross-sell", {"items": ["I000"]}),
    ("GET", "/v1/items/I000/similar", None),
    ("GET", "/v1/popular", None),
    ("POST", "/v1/rank", {"user_id": "u1", "items": ["I000"]}),
]
BATCH_REQUESTS: list[Request] = [("POST", "/v1/batch/recommendations", BATCH)]
ADMIN_REQUESTS: list[Request] = [
    ("GET", "/v1/model", None),
    ("GET", "/v1/model/report", None),
    ("GET", "/metrics", None),
]
REQUESTS = {Scope.READ: READ_REQUESTS, Scope.BATCH: BATCH_REQUESTS, Scope.ADMIN: ADMIN_REQUESTS}
OPEN = ["/health/live", "/health/ready", "/openapi.json", "/docs/"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_the_file_holds_hashes_and_no_tokens(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    token = create_key(path, "shop", frozenset({Scope.READ}))
    assert re.fullmatch(r"aisle_[A-Za-z0-9_-]{43}", token)
    assert token not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    (key,) = json.loads(path.read_text())["keys"]
    assert key["sha256"] == hashlib.sha256(token.encode()).hexdigest()
    assert (key["name"], key["scopes"]) == ("shop", ["read"])


def name_of(path: Path, token: str) -> str | None:
    """The name of a token's key, where the file has it."""
    key = read_keys(path).find(token)
    return key.name if key else None


def test_keys_are_added_found_and_revoked(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    tokens = {name: create_key(path, name, frozenset({Scope.READ})) for name in ("a", "b")}
    assert {name: name_of(path, token) for name, token in tokens.items()} == {"a": "a", "b": "b"}
    with pytest.raises(KeysFileError, match="named 'a' already"):
        create_key(path, "a", frozenset({Scope.ADMIN}))
    revoke_key(path, "a")
    assert name_of(path, tokens["a"]) is None
    assert name_of(path, tokens["b"]) == "b"
    with pytest.raises(KeysFileError, match="no key named 'a'"):
        revoke_key(path, "a")


CHANGE_AT_ONCE = """
import sys
from pathlib import Path
from service.http.keys import Scope, create_key, revoke_key
path, names = Path(sys.argv[1]), sys.argv[2:]
print("ready", flush=True)
sys.stdin.readline()
for name in names:
    if name.startswith("new"):
        create_key(path, name, frozenset({Scope.READ}))
    else:
        revoke_key(path, name)
"""
PROCESSES = 10


@pytest.mark.integration
def test_no_key_is_lost_and_none_comes_back_when_many_change_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    old, new = [f"old{number}" for number in range(20)], [f"new{number}" for number in range(80)]
    for name in old:
        create_key(path, name, frozenset({Scope.READ}))
    with ExitStack() as stack:
        shares = [[*new[start::PROCESSES], *old[start::PROCESSES]] for start in range(PROCESSES)]
        processes = [stack.enter_context(changing(path, names)) for names in shares]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        assert [process.wait(DEADLINE_SECONDS) for process in processes] == [0] * len(processes)
    assert {key.name for key in read_keys(path).keys} == set(new)


def changing(path: Path, names: list[str]) -> subprocess.Popen[bytes]:
    """A process that creates or revokes these keys, one after another, once its standard input is closed."""
    command = [sys.executable, "-c", CHANGE_AT_ONCE, str(path), *names]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_a_write_that_fails_leaves_the_keys_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.json"
    create_key(path, "a", frozenset({Scope.READ}))
    before, files = path.read_bytes(), sorted(tmp_path.iterdir())

    def fail(*_: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    for change in (lambda: create_key(path, "b", frozenset({Scope.READ})), lambda: revoke_key(path, "a")):
        with pytest.raises(KeysFileError, match=r"keys\.json: cannot be written: No space left on device"):
            change()
    assert (path.read_bytes(), sorted(tmp_path.iterdir())) == (before, files)


def test_a_change_keeps_the_owner_and_the_permissions_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_key(path, "a", frozenset({Scope.READ}))
    owner = (10_001, 10_002) if os.geteuid() == 0 else (os.geteuid(), os.getegid())  # only root gives files away
    os.chown(path, *owner)
    path.chmod(0o640)
    create_key(path, "b", frozenset({Scope.READ}))
    revoke_key(path, "a")
    stat = path.stat()
    assert (stat.st_uid, stat.st_gid, stat.st_mode & 0o777) == (*owner, 0o640)


def test_the_lock_is_the_owners_of_the_file_too(tmp_path: Path) -> None:
    """Or whoever runs the service could change no keys any more, once root has."""
    path, lock = tmp_path / "keys.json", tmp_path / "keys.json.lock"
    create_key(path, "a", frozenset({Scope.READ}))
    lock.unlink()
    owner = (10_001, 10_002) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(path, *owner)
    revoke_key(path, "a")
    assert (lock.stat().st_uid, lock.stat().st_gid) == owner


def test_a_link_to_the_file_stays_one(tmp_path: Path) -> None:
    path, link = tmp_path / "keys.json", tmp_path / "link.json"
    link.symlink_to(path)
    token = create_key(link, "a", frozenset({Scope.READ}))
    assert link.is_symlink()
    assert name_of(path, token) == "a"
    revoke_key(link, "a")
    assert link.is_symlink()
    assert read_keys(path).keys == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "keys.json: Invalid JSON"), ('{"keys": [{"name": "a"}]}', r"keys\.0\.scopes: .*; keys\.0\.sha256: ")],
)
def test_a_broken_file_names_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(KeysFileError, match=message):
        read_keys(path)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer {}x", "Bearer x{}", "Bearer é", "Bearer {} {}"]
)
def test_only_the_key_itself_opens(tmp_path: Path, header: str | None) -> None:
    path = tmp_path / "keys.json"
    token = create_key(path, "shop", frozenset({Scope.READ}))
    authorizer = Authorizer(path)
    authorizer.check(f"Bearer {token}", Scope.READ)
    authorizer.check(f"bearer {token}", Scope.READ)
    with pytest.raises(UnknownKeyError):
        authorizer.check(header and header.replace("{}", token), Scope.READ)


def test_a_scope_includes_no_other(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    tokens = {scope: create_key(path, scope, frozenset({scope})) for scope in Scope}
    authorizer = Authorizer(path)
    for scope, token in tokens.items():
        authorizer.check(f"Bearer {token}", scope)
        for other in set(Scope) - {scope}:
            with pytest.raises(ScopeError, match=f"no scope {other}"):
                authorizer.check(f"Bearer {token}", other)


def test_without_a_file_nothing_is_asked() -> None:
    Authorizer(None).check(None, Scope.ADMIN)


@pytest.mark.integration
def test_the_command_prints_a_key_once(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    command = [sys.executable, "-m", "service", "keys", "--file", str(path)]
    create = [*command, "create", "--name", "crm", "--scope", "read", "--scope", "batch"]
    made = subprocess.run(create, cwd=ROOT, capture_output=True, text=True, check=True)
    key = read_keys(path).find(made.stdout.strip())
    assert key is not None
    assert key.scopes == {Scope.READ, Scope.BATCH}
    listed = subprocess.run([*command, "list"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert listed.stdout == f"crm\tbatch,read\t{key.created:%Y-%m-%d}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--file", "{}", "create", "--name", "a", "--scope", "read"],
        ["create", "--file", "{}", "--name", "a", "--scope", "read"],
        ["create", "--name", "a", "--scope", "read", "--file", "{}"],
        ["--file", "elsewhere.json", "create", "--name", "a", "--scope", "read", "--file", "{}"],
    ],
)
def test_the_file_is_named_before_or_after_the_action(
    tmp_path: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("API_KEYS_FILE", "nowhere/keys.json")
    path = tmp_path / "keys.json"
    assert main(["keys", *(argument.format(path) for argument in arguments)]) == 0
    assert main(["keys", "list", "--file", str(path)]) == 0
    assert main(["keys", "revoke", "--name", "a", "--file", str(path)]) == 0
    assert read_keys(path).keys == ()
    monkeypatch.setenv("API_KEYS_FILE", str(path))
    assert main(["keys", "list"]) == 0
    assert "a\tread\t" in capsys.readouterr().out


def test_the_command_fails_clearly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("API_KEYS_FILE", raising=False)
    assert main(["keys", "list"]) == 2
    assert main(["keys", "--file", str(tmp_path / "none.json"), "list"]) == 2
    for name in ("", "n" * 101):
        assert main(["keys", "create", "--name", name, "--scope", "read", "--file", str(tmp_path / "new.json")]) == 2
    nowhere = tmp_path / "nowhere" / "keys.json"
    assert main(["keys", "create", "--name", "a", "--scope", "read", "--file", str(nowhere)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "name the keys file: --file, or API_KEYS_FILE",
        f"{tmp_path / 'none.json'}: cannot be read: No such file or directory",
        "name: String should have at least 1 character",
        "name: String should have at most 100 characters",
        f"{nowhere}: cannot be written: No such file or directory",
    ]


def refusal_of(service: Service, request: Request, headers: dict[str, str]) -> tuple[int, str, str]:
    reply = service.ask(*request, headers=headers)
    assert reply.headers["Content-Type"] == "application/problem+json"
    return reply.status, reply.json["detail"], reply.headers["WWW-Authenticate"]


@pytest.mark.integration
def test_each_request_needs_its_scope(tiny_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    tokens = {scope: create_key(path, scope, frozenset({scope})) for scope in Scope}
    with running(tiny_store.root, tmp_path, API_KEYS_FILE=str(path)) as service:
        for target in OPEN:
            assert service.get(target).status == 200
        for scope, requests in REQUESTS.items():
            wrong = tokens[Scope.ADMIN if scope is not Scope.ADMIN else Scope.READ]
            for request in requests:
                assert service.ask(*request, headers=bearer(tokens[scope])).status in {200, 404}
                assert refusal_of(service, request, {}) == (
                    401,
                    "an API key is needed: Authorization: Bearer <key>",
                    "Bearer",
                )
                assert refusal_of(service, request, bearer("aisle_x"))[:2] == (401, "this API key is not known")
                assert refusal_of(service, request, bearer(wrong)) == (
                    403,
                    f"this API key has no scope {scope}",
                    'Bearer error="insufficient_scope"',
                )


@pytest.mark.integration
def test_a_running_service_follows_the_file(tiny_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    first = create_key(path, "first", frozenset({Scope.READ}))
    with running(tiny_store.root, tmp_path, API_KEYS_FILE=str(path)) as service:

        def status(token: str) -> int:
            return service.get("/v1/popular", bearer(token)).status

        second = create_key(path, "second", frozenset({Scope.READ}))
        wait_for(lambda: status(second) == 200)
        revoke_key(path, "first")
        wait_for(lambda: status(first) == 401)
        path.write_text("broken")
        wait_for(lambda: status(second) and "keys_refused" in service.out.read_text())
        assert status(second) == 200, "the keys known before stay in force"
        path.unlink()
        assert (status(second), status("nonsense")) == (200, 401)
