"""The benchmark of `make picks` measures what it says. No figure is judged here."""

from pathlib import Path

import pytest

from artifacts.publishing.store import Store
from benchmarks import picks_speed
from benchmarks.part import Bench


@pytest.mark.slow
def test_each_way_of_asking_is_compared_with_the_product_and_with_the_peers(
    tiny_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(picks_speed, "set_up", lambda _directory: None)  # downloads nothing
    rows = list(picks_speed.measure(Bench(rounds=2, directory=tmp_path, store=tiny_store.root), "S"))
    assert [row.name.removeprefix("make picks, blend, ") for row in rows] == [
        "bought excluded / BLAS alone",
        "bought allowed / BLAS alone",
        "the cheaper half of the items / BLAS alone on these",
        "bought excluded / implicit's batch recommend",
        "bought excluded / a flat FAISS index, bought items among its picks",
    ]
    assert "RecTools could not be installed" in capsys.readouterr().err
    assert {(row.part, row.size, row.unit) for row in rows} == {("picks", "S", "users/s")}
    assert all(len(row.values) == len(row.against) == 2 for row in rows)
    assert all(min(row.values + row.against) > 0 for row in rows)
    assert rows[0].values == rows[3].values == rows[4].values
    assert rows[0].values != rows[1].values
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"
