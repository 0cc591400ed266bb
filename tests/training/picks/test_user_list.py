"""Lists of users as shops have them."""

import re
from pathlib import Path

import pytest

from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from training.__main__ import main
from training.errors import DataError
from training.picks.user_list import read_user_list

PLAIN = "u1\nu2\nu3\n"


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


def listed(directory: Path, content: str, model: Model) -> list[str]:
    (directory / "users.csv").write_bytes(content.encode())
    return list(read_user_list(directory / "users.csv", model))


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        "user_id\nu1\nu2\nu3\n",
        "\ufeffuser_id\r\nu1\r\n\r\nu2\r\nu3",
        "Customer ID\nu1\nu2\nu3\n",
        "email,user_id,city\na@x,u1,Rome\nb@x,u2,Paris\nc@x,u3,Oslo\n",
        'city;Customer-ID\n"Rome;\nold town";u1\nParis;" u2 "\nOslo;"u3"\n',
        "\n\nclient id\temail\nu1\ta@x\nu2\tb@x\nu3\n",
        "name|user\nA, B|u1\nC, D|u2\nE, F|u3\n",
    ],
)
def test_the_ids_of_a_list(tmp_path: Path, model: Model, content: str) -> None:
    assert listed(tmp_path, content, model) == ["u1", "u2", "u3"]


def test_a_known_id_is_no_header_and_no_row(tmp_path: Path) -> None:
    """A shop with ids that look like a header, or like two columns."""
    rows = "".join(f"{user},i{number},2025-01-0{number + 1}\n" for user in ("user", '"a,b"') for number in range(3))
    (tmp_path / "orders.csv").write_text(f"user_id,item_id,time\n{rows}")
    store = Store(tmp_path / "store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTIFACTS_DIR", str(store.root))
        assert main(["train", "--quiet", "--data", str(tmp_path / "orders.csv")]) == 0
    model = open_model(store.current_path())
    assert listed(tmp_path, "user\na,b\n", model) == ["user", "a,b"]
    assert listed(tmp_path, "a,b\nuser\n", model) == ["a,b", "user"]


def test_a_header_may_have_the_name_that_the_versions_data_had(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("Kunde,item_id,time\n007,a,2025-01-01\n008,b,2025-01-01\n")
    (tmp_path / "shop.toml").write_text('[columns]\nuser = "Kunde"\n')
    store = Store(tmp_path / "store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTIFACTS_DIR", str(store.root))
        given = ["--data", str(tmp_path / "orders.csv"), "--config", str(tmp_path / "shop.toml")]
        assert main(["train", "--quiet", *given]) == 0
    assert listed(tmp_path, "user,Kunde\nAnna,007\n", open_model(store.current_path())) == ["007"]


def test_an_id_that_comes_again_is_counted_and_comes_once(tmp_path: Path, model: Model) -> None:
    (tmp_path / "users.csv").write_text("name,user_id\n1,u1\n2,new\n3,u2\n4,u1\n5,new\n6,\n7,u1\n")
    users = read_user_list(tmp_path / "users.csv", model)
    assert list(users) == ["u1", "new", "u2"]
    assert (users.n_users, users.n_unknown, users.n_blank, len(users.repeated)) == (3, 1, 1, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,city\nAnna,Rome\n", r"line 1: 2 columns, 'name', 'city', and none is named .* call it user_id"),
        ("\nu1;u2;u3;u4\n", r"line 2: 4 columns, 'u1', 'u2', 'u3', and none"),
        ("name,user_id\nAnna,u1\nBob\n", r"line 3: has 1 columns, and no user id"),
        ("name,user_id\nAnna,u1\nBob,u\x002\n", r"line 3: a user id cannot hold the NUL character"),
        ("name,user_id\nAnna,\n", r"holds no user id"),
        ("name,user_id\n", r"holds no user id"),
        ("name,user_id\nAnna," + "x" * 257, r"line 2: a user id has at most 256 characters"),
        ("name,user_id\nAnna," + "x" * 200_000, r"line 2: field larger than field limit"),
    ],
)
def test_what_is_no_list_is_named_with_its_line(tmp_path: Path, model: Model, content: str, message: str) -> None:
    with pytest.raises(DataError, match=rf"users\.csv: {message}"):
        listed(tmp_path, content, model)


def test_a_list_of_other_ids_is_an_error_that_shows_both(tmp_path: Path, model: Model) -> None:
    (tmp_path / "users.csv").write_text("user_id\nu1.0\nu2.0\nu3.0\nu4.0\nu5\n")
    users = read_user_list(tmp_path / "users.csv", model)
    message = (
        f"{tmp_path}/users.csv: 4 of 5 ids, more than 50%, are unknown, like 'u1.0', 'u2.0', 'u3.0', to "
        f"{model.version}, whose 60 users are like 'u0', 'u36', 'u9': are these"
    )
    with pytest.raises(DataError, match=re.escape(message)):
        users.check_known(model)
    read_user_list(tmp_path / "users.csv", model, lambda user_id: user_id in {"u1.0", "u2.0"}).check_known(model)


def test_half_of_a_list_may_be_new(tmp_path: Path, model: Model) -> None:
    (tmp_path / "users.csv").write_text("u1\nu2\nnew\nnewer\n")
    read_user_list(tmp_path / "users.csv", model).check_known(model)


def test_the_command_refuses_a_list_of_strangers_unless_nothing_is_to_be_personal(
    tiny_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", str(tiny_store.root))
    (tmp_path / "users.csv").write_text("user_id,name\nx1,A\nx2,B\nx1,A\n,C\n")
    command = ["picks", "--quiet", "--out", str(tmp_path / "p.csv"), "--users", str(tmp_path / "users.csv")]
    assert main(command) == 2
    assert "2 of 2 ids, more than 50%, are unknown" in capsys.readouterr().err
    assert not (tmp_path / "p.csv").exists()
    assert main([*command, "--no-personalized", "--limit", "2"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1:] == [
        f"{tmp_path}/users.csv: ids that come again, and have their rows once: 1",
        f"{tmp_path}/users.csv: rows without an id, which are left out: 1",
    ]
    assert [line.split(",")[0] for line in (tmp_path / "p.csv").read_text().splitlines()[1:]] == ['"x1"'] * 2 + [
        '"x2"'
    ] * 2
