"""Where a row stands that was read from one of many files, and what was found of all of them."""

from pathlib import Path

from tests.training.reading.files import settings
from training.reading.findings import NOTES_SHOWN, Findings
from training.reading.places import Places
from training.reading.sources import open_tables


def test_a_row_of_all_is_a_line_of_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n\n2\n")
    (tmp_path / "b.json").write_text('[{"x": 1}, {"x": 2}]')
    (tmp_path / "c.csv").write_text("x\n3\n")
    places, start = Places(), 0
    for table in open_tables(str(tmp_path), None, settings()):
        places.add(table, start)
        start += sum(batch.height for batch in table.read(["x"]))
    ends = ["a.csv, line 2", "a.csv, line 4", "b.json, object 1", "b.json, object 2", "c.csv, line 2"]
    assert [places(row) for row in range(start)] == [f"{tmp_path}/{end}" for end in ends]


def test_files_that_are_read_alike_are_one_line(tmp_path: Path) -> None:
    for name, text in (("a", "x,y\n1,2\n"), ("b", "x,y\n"), ("c", "x;y\n1;2\n\n"), ("d", "x,y\n3,4\n")):
        (tmp_path / f"{name}.csv").write_text(text)
    findings = Findings()
    for table in open_tables(str(tmp_path), None, settings()):
        findings.add(table)
    assert findings.lines("ISO 8601") == [
        f"{tmp_path}/a.csv and 2 more: CSV, separated by ',', utf-8",
        f"{tmp_path}/c.csv: CSV, separated by ';', utf-8",
        "times: ISO 8601",
        f"{tmp_path}/b.csv: no rows",
        f"{tmp_path}/c.csv: blank lines, skipped: 1",
    ]


def test_remarks_without_end_are_counted(tmp_path: Path) -> None:
    findings = Findings()
    for number in range(NOTES_SHOWN + 3):
        (tmp_path / f"{number:02}.csv").touch()
    (tmp_path / "full.csv").write_text("x\n1\n")
    for table in open_tables(str(tmp_path), None, settings()):
        findings.add(table)
    assert findings.lines("")[-2:] == [f"{tmp_path}/09.csv: empty", "and 3 such remarks more"]
