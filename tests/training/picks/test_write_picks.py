"""A file of picks holds, for every user, what the service's own query answers."""

import csv
import fcntl
import io
import itertools
import json
import re
import resource
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from artifacts.queries.query import Filters, Query, Repeat
from artifacts.queries.recommend import recommend
from tests.support.gunicorn_service import Service
from tests.support.served import served_picks
from tests.support.shop import write_tiny_shop
from training import __main__ as command_line
from training.config import Clean, Columns, Config, Data, ModelSettings
from training.errors import PicksError
from training.job import train
from training.picks import write_picks as picks
from training.picks.files import SCHEMA, Csv, Excel
from training.picks.parts import Tally
from training.picks.write_picks import write_picks

pytestmark = pytest.mark.integration

ENDINGS = ["ndjson", "csv", "parquet"]
ODD_TEXTS = [
    "a,b",
    "new\nline",
    "cr\rid",
    "crlf\r\nid",
    'q"u"o',
    "=1+1",
    "+4",
    "@x",
    "spa  ced",
    "007",
    "NULL",
    "ü\u2028é",
    "'",
]
ODD_TEXTS += ["bo\ufeffm", "tab\tid", "\x1b[0m", "back\\slash", "🦀"]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


@pytest.fixture(scope="module")
def odd_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A shop whose ids and titles hold whatever CSV and JSON must escape."""
    root = tmp_path_factory.mktemp("odd")
    rows = [
        (user, f"item {item}", 1_760_000_000 + 86_400 * day, f'{item} is\r\n"{item}", =HYPERLINK(1)')
        for number, user in enumerate(ODD_TEXTS)
        for day, item in enumerate(ODD_TEXTS[number:] + ODD_TEXTS[: number // 2])
    ]
    frame = pl.DataFrame(rows, schema=["user_id", "item_id", "time", "title"], orient="row")
    frame.write_parquet(root / "purchases.parquet")
    config = Config(
        data=Data(source=str(root / "purchases.parquet")),
        clean=Clean(missing=()),
        columns=Columns(title="title"),
        model=ModelSettings(factors=4),
    )
    store = Store(root / "store")
    train(config, store, show_progress=False)
    return store


def read(path: Path) -> list[Row]:
    """The file's rows, read by other code than wrote them wherever there is any."""
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path, glob=False)
        assert frame.schema == SCHEMA
        return frame.to_dicts()
    text = path.read_bytes().decode()
    if path.suffix == ".ndjson":
        return [json.loads(line) for line in text.split("\n")[:-1]]
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [
        {
            name: float(value)
            if name in {"score", "price"} and value
            else int(value)
            if name == "rank"
            else value or None
            for name, value in row.items()
        }
        for row in rows
    ]


def expected(model: Model, query: Query, user_ids: Iterable[str]) -> list[Row]:
    rows = []
    for user_id in user_ids:
        answer = recommend(model, replace(query, user_id=user_id))
        for rank, pick in enumerate(served_picks(answer), 1):
            shown = {name: getattr(pick, name) for name in SCHEMA if hasattr(pick, name)}
            rows.append({"user_id": user_id, "rank": rank, "fallback": answer.fallback, **shown})
    return rows


def assert_same(rows: list[Row], others: list[Row]) -> None:
    """The same rows, with the same scores to the six places that the file has."""
    assert list(map(shown, rows)) == list(map(shown, others))


def shown(row: Row) -> list[str]:
    return [str(round(row[name], 6) if name == "score" else row[name]) for name in sorted(SCHEMA)]


def known(model: Model) -> list[str]:
    return [model.user_ids[index] for index in range(len(model.user_ids))]


QUERIES = {
    "default": Query(),
    "one": Query(limit=1),
    "allow": Query(limit=30, repeat=Repeat.ALLOW),
    "only": Query(repeat=Repeat.ONLY),
    "filtered": Query(filters=Filters(("even",), 3.0, 20.5, in_stock=False), exclude=("I004", "who?")),
    "popular": Query(personalized=False),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", QUERIES)
def test_every_known_user_has_the_rows_that_the_query_answers(
    tiny_store: Store, model: Model, tmp_path: Path, ending: str, name: str
) -> None:
    out = tmp_path / f"picks [1].{ending}"
    tally = write_picks(tiny_store, out, QUERIES[name], None, show_progress=False)
    rows = expected(model, QUERIES[name], known(model))
    assert rows
    assert_same(read(out), rows)
    assert tally.users == 60
    assert tally.picks == len(rows)
    assert list(tmp_path.iterdir()) == [out], "nothing is left beside the file"


@pytest.mark.parametrize("ending", ENDINGS)
def test_ids_and_titles_of_any_characters_come_back(odd_store: Store, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"picks.{ending}"
    write_picks(odd_store, out, Query(repeat=Repeat.ALLOW), None, show_progress=False)
    model = open_model(odd_store.current_path())
    assert sorted(known(model)) == sorted(ODD_TEXTS)
    rows = read(out)
    assert_same(rows, expected(model, Query(repeat=Repeat.ALLOW), known(model)))
    assert {row["title"] for row in rows} <= {f'{text} is\r\n"{text}", =HYPERLINK(1)' for text in ODD_TEXTS}


LISTABLE = st.text(
    st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]), min_size=1, max_size=256
).filter(lambda text: text.strip() and not text.endswith("\r") and not text.startswith("\ufeff"))


@pytest.mark.parametrize("ending", ENDINGS)
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(user_ids=st.lists(LISTABLE, min_size=1, max_size=8))
def test_unknown_users_get_popular_items_and_keep_their_ids(
    tiny_store: Store, model: Model, tmp_path: Path, ending: str, user_ids: list[str]
) -> None:
    listed = known(model)[:8] + user_ids
    (tmp_path / "users.txt").write_bytes("\n".join(listed).encode())
    out = tmp_path / f"picks.{ending}"
    tally = write_picks(tiny_store, out, Query(limit=2), tmp_path / "users.txt", show_progress=False)
    rows = read(out)
    distinct = list(dict.fromkeys(listed))
    assert_same(rows, expected(model, Query(limit=2), distinct))
    assert {row["fallback"] for row in rows if row["user_id"] not in known(model)} <= {"unknown_user"}
    assert tally.unknown == sum(user_id not in known(model) for user_id in distinct)
    assert tally.repeated == len(listed) - len(distinct)


def test_a_list_may_have_a_byte_order_mark_blank_lines_and_other_line_ends(
    tiny_store: Store, model: Model, tmp_path: Path
) -> None:
    (tmp_path / "users.txt").write_bytes(b"\xef\xbb\xbfu7\r\n\r\n  \nu3\nnobody\nu7")
    out = tmp_path / "picks.ndjson"
    tally = write_picks(tiny_store, out, Query(), tmp_path / "users.txt", show_progress=False)
    assert_same(read(out), expected(model, Query(), ["u7", "u3", "nobody"]))
    assert (tally.users, tally.unknown, tally.repeated) == (3, 1, 1)


def test_csv_quotes_text_and_leaves_unknown_values_unquoted(odd_store: Store, tmp_path: Path) -> None:
    write_picks(odd_store, tmp_path / "p.csv", Query(repeat=Repeat.ALLOW), None, show_progress=False)
    text = (tmp_path / "p.csv").read_bytes().decode()
    assert text.startswith('"user_id","rank","item_id","score","source","fallback","title","category","price",')
    assert '\n"007",1,"item ' in text
    assert '\n"a,b",1,"item ' in text
    assert '\n"q""u""o",1,"item ' in text
    assert '\n"=1+1",1,"item ' in text, "an id that looks like a formula still joins"
    assert re.search(r' is\r\n""[^"]+"", =HYPERLINK\(1\)",,,,\n', text)
    assert ",,,,\n" in text


def test_users_without_picks_are_counted_and_have_no_rows(tiny_store: Store, tmp_path: Path) -> None:
    query = Query(filters=Filters(min_price=1000.0))
    for ending in ENDINGS:
        tally = write_picks(tiny_store, tmp_path / f"p.{ending}", query, None, show_progress=False)
        assert tally == Tally(users=60, picks=0, unknown=0, empty=60)
        assert read(tmp_path / f"p.{ending}") == []


@pytest.mark.integration
def test_several_processes_write_the_very_file_that_one_writes(
    tiny_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picks, "USERS_PER_CHUNK", 7)
    write_picks(tiny_store, tmp_path / "one.parquet", Query(), None, show_progress=False)
    monkeypatch.setattr(picks, "CHUNKS_WORTH_PROCESSES", 1)
    monkeypatch.setattr(picks, "available_cpus", lambda: 2)
    write_picks(tiny_store, tmp_path / "two.parquet", Query(), None, show_progress=False)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_a_shop_of_guests_has_a_file_without_rows(tmp_path: Path) -> None:
    config = write_tiny_shop(tmp_path / "shop")
    purchases = pl.read_parquet(tmp_path / "shop" / "purchases.parquet")
    purchases.with_columns(user_id=pl.lit(None, pl.String)).write_parquet(tmp_path / "shop" / "purchases.parquet")
    store = Store(tmp_path / "store")
    train(config, store, show_progress=False)
    for ending in ENDINGS:
        assert write_picks(store, tmp_path / f"p.{ending}", Query(), None, show_progress=False) == Tally()
        assert read(tmp_path / f"p.{ending}") == []


def served(service: Service, user_ids: list[str], **parameters: object) -> list[Row]:
    """What the service answers, as rows."""
    reply = service.post("/v1/batch/recommendations", {"user_ids": user_ids, **parameters})
    assert reply.status == 200
    return [
        {**dict.fromkeys(SCHEMA), "user_id": answer["user_id"], "rank": rank, "fallback": answer["fallback"], **pick}
        for answer in map(json.loads, reply.body.splitlines())
        for rank, pick in enumerate(answer["items"], 1)
    ]


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_rows_are_what_the_service_answers(
    service: Service, tiny_store: Store, model: Model, tmp_path: Path, ending: str
) -> None:
    user_ids = [*known(model), "nobody", 'no,"body']
    (tmp_path / "users.txt").write_text("\n".join(user_ids))
    out = tmp_path / f"picks.{ending}"
    write_picks(tiny_store, out, Query(), tmp_path / "users.txt", show_progress=False)
    assert_same(read(out), served(service, user_ids))
    filters = Filters(("even",), 3.0, 20.5, in_stock=False)
    query = Query(limit=4, exclude=("I004",), filters=filters, repeat=Repeat.ALLOW)
    write_picks(tiny_store, out, query, tmp_path / "users.txt", show_progress=False)
    parameters = {"category": ["even"], "min_price": 3.0, "max_price": 20.5, "in_stock": False}
    assert_same(read(out), served(service, user_ids, limit=4, exclude=["I004"], repeat="allow", **parameters))


def test_a_chunk_is_read_when_its_turn_comes() -> None:
    handed_out = itertools.count()
    chunks = picks._chunks(picks._listed(f"u{next(handed_out)}" for _ in itertools.count()), done={1})
    assert [(chunk.number, len(chunk.users)) for chunk in itertools.islice(chunks, 3)] == [
        (number, picks.USERS_PER_CHUNK) for number in (0, 2, 3)
    ]
    assert next(handed_out) == 4 * picks.USERS_PER_CHUNK


def test_the_command_takes_every_parameter(
    tiny_store: Store, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", str(tiny_store.root))
    (tmp_path / "users.txt").write_text("u1\nu2\nnobody\n")
    arguments = ["--limit", "5", "--category", "even", "--category", "odd", "--min-price", "2", "--max-price", "20.5"]
    arguments += ["--no-in-stock", "--exclude", "I008", "--exclude", "I009", "--repeat", "allow"]
    arguments += ["--working-mib", "1"]
    out = tmp_path / "picks.csv"
    assert command_line.main(["picks", "--out", str(out), "--users", str(tmp_path / "users.txt"), *arguments]) == 0
    query = Query(
        limit=5,
        exclude=("I008", "I009"),
        filters=Filters(("even", "odd"), 2.0, 20.5, in_stock=False),
        repeat=Repeat.ALLOW,
    )
    assert_same(read(out), expected(model, query, ["u1", "u2", "nobody"]))
    said = capsys.readouterr()
    assert said.out == f"wrote {out}: 15 picks for 3 users, 1 of them unknown (popular items), 0 without picks\n"
    assert "3/3" in said.err, "the progress bar"
    assert command_line.main(["picks", "--out", str(out), "--no-personalized", "--quiet"]) == 0
    assert_same(read(out), expected(model, Query(personalized=False), known(model)))
    assert capsys.readouterr().err == ""


def _list(content: bytes) -> Callable[[Path], list[str]]:
    def arguments(root: Path) -> list[str]:
        (root / "users.txt").write_bytes(content)
        return ["--out", str(root / "picks.csv"), "--users", str(root / "users.txt")]

    return arguments


BAD: dict[str, tuple[Callable[[Path], list[str]], str]] = {
    "ending": (lambda root: ["--out", str(root / "picks.xlsx")], r"picks\.xlsx: .*\.ndjson, \.csv, \.parquet"),
    "no ending": (lambda root: ["--out", str(root)], r"\.ndjson, \.csv, \.parquet"),
    "no directory": (
        lambda root: ["--out", str(root / "none" / "p.csv")],
        r"p\.csv: cannot be written: No such file.*none",
    ),
    "file for directory": (lambda root: ["--out", str(root / "picks.csv" / "p.csv")], r"cannot be written: Not a dir"),
    "read-only": (lambda _root: ["--out", "/proc/picks.csv"], r"/proc/picks\.csv: cannot be written"),
    "a directory": (lambda root: ["--out", str(root / "folder.csv")], r"folder\.csv: is a directory"),
    "no list": (
        lambda root: ["--out", str(root / "picks.csv"), "--users", str(root / "none.txt")],
        r"none\.txt: cannot be read: No such file",
    ),
    "folder for list": (
        lambda root: ["--out", str(root / "picks.csv"), "--users", str(root)],
        r": is no regular file",
    ),
    "empty list": (_list(b""), r"users\.txt: holds no user id"),
    "blank list": (_list(b"\n  \n\r\n"), r"users\.txt: holds no user id"),
    "latin-1": (_list(b"u1\nu2\nM\xfcller\n"), r"users\.txt: line 3: is not UTF-8"),
    "utf-16": (_list("u1\nu2\n".encode("utf-16")), r"users\.txt: line 1: is not UTF-8"),
    "NUL": (_list(b"u1\nu\x002\n"), r"users\.txt: line 2: .*NUL"),
    "long id": (_list(b"u1\n" + b"x" * 257), r"users\.txt: line 2: .*256 characters"),
    "long line": (_list(b"u1\n" + b"x" * 10_000_000), r"users\.txt: line 2: .*256 characters"),
    "prices": (
        lambda root: ["--out", str(root / "picks.csv"), "--min-price", "3", "--max-price", "2"],
        r"--max-price 2\.0 is below --min-price 3\.0",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_written_is_one_clear_line_and_changes_nothing(
    tiny_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", str(tiny_store.root))
    (tmp_path / "picks.csv").write_text("yesterday's")
    (tmp_path / "folder.csv").mkdir()
    arguments, message = BAD[name]
    given = arguments(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert command_line.main(["picks", *given]) == 2
    said = capsys.readouterr()
    assert re.search(message, said.err), said.err
    assert said.err.startswith("picks: ")
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "picks.csv").read_text() == "yesterday's"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--limit", "0"],
        ["--limit", "101"],
        ["--limit", "ten"],
        ["--min-price", "-1"],
        ["--max-price", "nan"],
        ["--max-price", "inf"],
        ["--max-price", "cheap"],
        ["--repeat", "never"],
        ["--working-mib", "0"],
        ["--working-mib", "some"],
    ],
)
def test_a_bad_parameter_is_refused(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        command_line.main(["picks", "--out", str(tmp_path / "picks.csv"), *arguments])
    assert exit_.value.code == 2
    assert arguments[0] in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_published_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "store"))
    assert command_line.main(["picks", "--out", str(tmp_path / "picks.csv")]) == 2
    assert capsys.readouterr().err == f"picks: {tmp_path / 'store'}: no version is published\n"
    assert list(tmp_path.iterdir()) == []


@contextmanager
def full_disk(n_bytes: int) -> Iterator[None]:
    """No file can grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("share", [0.1, 0.9])
def test_a_full_disk_is_a_clear_error_and_the_next_run_goes_on(
    tiny_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, share: float
) -> None:
    """With little room not even a part fits; with more the parts do, but not the whole."""
    monkeypatch.setattr(picks, "USERS_PER_CHUNK", 20)
    whole, out = tmp_path / f"whole.{ending}", tmp_path / f"picks.{ending}"
    write_picks(tiny_store, whole, Query(), None, show_progress=False)
    out.write_text("yesterday's")
    message = r"/\.picks\..*\.draft: cannot be written: .*File too large.*: run again to go on$"
    with full_disk(int(share * whole.stat().st_size)), pytest.raises(PicksError, match=message):
        write_picks(tiny_store, out, Query(), None, show_progress=False)
    assert out.read_text() == "yesterday's"
    write_picks(tiny_store, out, Query(), None, show_progress=False)
    assert out.read_bytes() == whole.read_bytes()


def test_two_runs_do_not_write_the_same_file(
    tiny_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", str(tiny_store.root))
    out = tmp_path / "picks.csv"
    (tmp_path / ".picks.csv.parts").mkdir()
    with (tmp_path / ".picks.csv.parts" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert command_line.main(["picks", "--out", str(out), "--quiet"]) == 2
        assert capsys.readouterr().err == f"picks: {out}: is being written by another process\n"
    assert not out.exists()
    assert command_line.main(["picks", "--out", str(out), "--quiet"]) == 0
    assert list(tmp_path.iterdir()) == [out]


def test_a_category_that_no_item_is_in_is_an_error_that_names_those_written_alike(
    tiny_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", str(tiny_store.root))
    command = ["picks", "--out", str(tmp_path / "p.csv"), "--category", "even", "--category", "Evens"]
    assert command_line.main([*command, "--category", "Tea"]) == 2
    assert capsys.readouterr().err == (
        "picks: no item is in the category 'Evens': did you mean 'even'?\n"
        "  no item is in the category 'Tea': there are 2, like 'even', 'odd'\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("repeat", [Repeat.EXCLUDE, Repeat.ALLOW])
def test_the_reasons_are_those_of_an_explained_answer(
    tiny_store: Store, model: Model, tmp_path: Path, repeat: Repeat
) -> None:
    (tmp_path / "users.txt").write_text("u1\nnobody\nu2\nu3\n")
    out = tmp_path / "picks.ndjson"
    query = Query(limit=20, repeat=repeat)
    write_picks(tiny_store, out, query, tmp_path / "users.txt", show_progress=False, reasons=True)
    found = {(row["user_id"], row["item_id"]): row["reason"] for row in read(out)}
    for user_id in ("u1", "nobody", "u2", "u3"):
        for pick in served_picks(recommend(model, replace(query, user_id=user_id, explain=True))):
            assert pick.reason is not None
            words = found[user_id, pick.item_id]
            if pick.reason.times_bought:
                assert words in {"bought once", f"bought {pick.reason.times_bought} times"}
            elif pick.reason.because_of:
                assert words == f"because of {', '.join(str(cause.title) for cause in pick.reason.because_of)}"
            else:
                assert words == ("sells now" if pick.reason.sold_recently else None)
    assert {reason for (user_id, _), reason in found.items() if user_id == "nobody"} <= {"sells now", None}
    assert any(str(reason).startswith("because of Item number ") for reason in found.values())
    assert any(str(reason).startswith("bought ") for reason in found.values()) is (repeat is Repeat.ALLOW)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_reason_is_the_last_column_in_every_format(tiny_store: Store, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"picks.{ending}"
    write_picks(tiny_store, out, Query(limit=2), None, show_progress=False, reasons=True)
    rows = pl.read_parquet(out).to_dicts() if ending == "parquet" else read(out)
    assert list(rows[0]) == [*SCHEMA, "reason"]
    assert any(str(row["reason"]).startswith("because of ") for row in rows)


@pytest.mark.parametrize(("value", "signs"), [([], ";,"), (["comma"], ",.")])
def test_a_csv_for_excel_has_a_mark_a_separator_and_no_formulas(
    odd_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: list[str], signs: str
) -> None:
    separator, point = signs[0], signs[1]
    monkeypatch.setenv("ARTIFACTS_DIR", str(odd_store.root))
    out = tmp_path / "picks.csv"
    command = ["picks", "--quiet", "--out", str(out), "--repeat", "allow", "--limit", "30", "--reason"]
    assert command_line.main([*command, "--excel", *value]) == 0
    content = out.read_bytes()
    assert content.startswith(b'\xef\xbb\xbf"user_id"' + separator.encode() + b'"rank"')
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator))
    assert list(rows[0]) == [*SCHEMA, "reason"]
    assert not [cell for row in rows for cell in row.values() if cell and cell[0] in "=+@\t\r"]
    assert {"'=1+1", "'+4", "'@x", "007", "a,b", "'"} <= {row["user_id"] for row in rows}
    assert all(
        re.fullmatch(rf"-?[0-9]+{re.escape(point)}[0-9]{{1,6}}|-?[0-9.,]+e-[0-9]+", row["score"]) for row in rows
    )


def test_only_a_csv_is_for_excel(tiny_store: Store, tmp_path: Path) -> None:
    with pytest.raises(PicksError, match=r"p\.parquet: a file for Excel must end in \.csv"):
        write_picks(tiny_store, tmp_path / "p.parquet", Query(), None, show_progress=False, excel=Excel.COMMA)


def test_another_layout_starts_anew(tiny_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run for Excel does not go on with the parts of another."""
    out = tmp_path / "picks.csv"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Csv, "join", interrupt)
        write_picks(tiny_store, out, Query(), None, show_progress=False)
    write_picks(tiny_store, out, Query(), None, show_progress=False, excel=Excel.COMMA)
    write_picks(tiny_store, tmp_path / "fresh.csv", Query(), None, show_progress=False, excel=Excel.COMMA)
    assert out.read_bytes() == (tmp_path / "fresh.csv").read_bytes()


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_scores_have_six_places(tiny_store: Store, tmp_path: Path) -> None:
    write_picks(tiny_store, tmp_path / "p.parquet", Query(repeat=Repeat.ALLOW), None, show_progress=False)
    scores = pl.read_parquet(tmp_path / "p.parquet")["score"]
    assert scores.to_list() == scores.round(6).to_list()
    assert scores.to_list() != scores.round(5).to_list()
