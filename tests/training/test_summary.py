"""What `make train` prints when it is done."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from artifacts.publishing.manifest import FileEntry, Manifest
from artifacts.publishing.store import Store
from tests.support.shop import write_tiny_shop
from training.__main__ import main
from training.summary import summarise


def ndcg(value: float) -> dict[str, list[float]]:
    return {"MRR": [0.9, 0.9, 0.9], "NDCG@10": [value, value - 0.01, value + 0.01]}


def file_of(size: int) -> FileEntry:
    return FileEntry(sha256="0" * 64, size=size)


def check(task: str, rival: str, theirs: float, verdict: str) -> dict[str, object]:
    return {"task": task, "rival": rival, "ndcg": 0.25, "rival_ndcg": theirs, "verdict": verdict}


MANIFEST = Manifest(
    created="2026-01-02T03:04:05+00:00",
    data={
        "source": "orders.csv",
        "from": "2025-01-01T06:25:02+00:00",
        "to": "2025-06-29T23:42:42+00:00",
        "n_users": 3998,
        "n_items": 721,
    },
    cleaning=(("read", 12345), ("no item", 0), ("bad time", 25), ("kept", 12320)),
    metrics={
        "evaluation": {
            "from": "2025-06-02T00:00:00",
            "to": "2025-06-30T00:00:00",
            "tasks": {
                "discovery": {"cases": 1002, "models": {"Aisle": ndcg(0.25), "EASE": ndcg(0.2), "lately": ndcg(0.1)}},
                "item_page": {"cases": 99, "models": {"Aisle": ndcg(0.1), "lift": ndcg(0.05), "cosine": ndcg(0.15)}},
            },
        },
        "recipe": {"chosen": "blend"},
        "gate": {
            "passed": True,
            "forced": None,
            "notes": ["a remark"],
            "checks": [
                check("discovery", "EASE", 0.2, "better"),
                check("discovery", "lately", 0.1, "better"),
                check("discovery", "published version", 0.251, "no measurable difference"),
            ],
        },
    },
    seconds={"evaluate": 12.34, "fit": 1234.5, "read": 0.25},
    format=1,
    version="20260102T030405Z-00000000",
    previous=None,
    files={
        "users.ids": file_of(500_000),
        "users.factors.npy": file_of(1_000_000),
        "index.faiss": file_of(300_000),
        "recipe.json": file_of(329),
        "report.html": file_of(671),
    },
)


def test_it_says_what_was_read_how_good_it_is_and_what_it_took() -> None:
    assert summarise(MANIFEST).splitlines() == [
        "cleaning: orders.csv",
        "  read      12,345",
        "  bad time      25",
        "  kept      12,320",
        "",
        "evaluation: on 2025-06-02 up to 2025-06-30",
        "             cases  NDCG@10          95%  baseline",
        "  discovery  1,002    0.250  0.240-0.260     0.200  EASE",
        "  item_page     99    0.100  0.090-0.110     0.150  cosine",
        "recipe: blend",
        "gate: passed: 2 better, 1 no measurable difference",
        "  discovery: 0.251 published, 0.250 now: no measurable difference",
        "  a remark",
        "",
        "model: 3,998 users, 721 items, 2025-01-01 to 2025-06-29",
        "               bytes",
        "  users    1,500,000",
        "  index      300,000",
        "  other        1,000",
        "  5 files  1,801,000",
        "",
        "times:",
        "             seconds",
        "  fit        1,234.5",
        "  evaluate      12.3",
        "  read           0.2",
        "  all steps  1,247.1",
    ]


def test_a_sample_is_called_one() -> None:
    evaluation = {**MANIFEST.metrics["evaluation"], "sample_users": 33_477, "all_users": 1_000_000}
    text = summarise(replace(MANIFEST, metrics={**MANIFEST.metrics, "evaluation": evaluation}))
    assert "evaluation: on 2025-06-02 up to 2025-06-30, on a sample of 33,477 of 1,000,000 users\n" in text


@pytest.mark.parametrize(
    ("gate", "lines"),
    [
        (
            {"passed": False, "forced": "the shop moved", "notes": [], "checks": [check("discovery", "x", 1, "worse")]},
            ["gate: refused: 1 worse", "  published all the same: the shop moved"],
        ),
        (
            {"passed": True, "forced": None, "notes": ["nobody bought again"], "checks": []},
            ["gate: passed: nothing to compare", "  nobody bought again"],
        ),
    ],
    ids=["forced", "not evaluated"],
)
def test_it_says_why_a_version_was_published_all_the_same(gate: dict[str, object], lines: list[str]) -> None:
    text = summarise(replace(MANIFEST, metrics={"evaluation": {"skipped": "nobody bought again"}, "gate": gate}))
    assert text.split("\n\n")[1].splitlines() == ["evaluation: none", *lines]


def test_it_says_above_the_table_how_the_data_was_read_and_beside_it_what_was_dropped() -> None:
    data = {
        **MANIFEST.data,
        "found": ["orders.csv: CSV, separated by ;, utf-8", "times: day first"],
        "examples": {"bad time": "time 'soon' (orders.csv, line 7)"},
    }
    assert summarise(replace(MANIFEST, data=data)).splitlines()[:7] == [
        "found:",
        "  orders.csv: CSV, separated by ;, utf-8",
        "  times: day first",
        "",
        "cleaning: orders.csv",
        "  read      12,345",
        "  bad time      25  time 'soon' (orders.csv, line 7)",
    ]


def test_a_run_prints_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_tiny_shop(tmp_path).data.source
    assert source is not None
    good = pl.read_parquet(source)
    bad = good.head(3).with_columns(item_id=pl.lit(None, pl.String))
    pl.concat([good, bad]).write_parquet(source)
    (tmp_path / "shop.toml").write_text("[model]\nfactors = 4\niterations = 2\n")
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "store"))
    assert main(["train", "--quiet", "--data", source, "--config", str(tmp_path / "shop.toml")]) == 0
    printed = capsys.readouterr()
    store = Store(tmp_path / "store")
    lines = [" ".join(line.split()) for line in printed.out.splitlines()]
    assert {
        f"read {good.height + 3:,}",
        f"no item 3 item none ({source}, row {good.height + 1})",
        f"kept {good.height:,}",
    } <= set(lines)
    assert any(line.startswith("model: 60 users, 24 items, 2025-") for line in lines)
    assert lines[-1] == f"published {store.current()} in {store.current_path()}"
    assert printed.err == ""
