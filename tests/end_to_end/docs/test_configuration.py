"""The training file's keys, and the first shop that a reader trains on."""

import csv
import io
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from artifacts.publishing.store import Store
from tests.support.documents import code, commands, page, rows, walked_pages
from tests.support.paths import ROOT
from training.config import Config
from training.evaluation.tasks import JUDGED, Task
from training.reading.columns import OBVIOUS

KEYS = page("configuration").section("## The training file")
STARTED = page("getting-started")


def test_configuration_keys_and_defaults() -> None:
    documented = {code(row[0])[0]: code(row[1]) for row in rows(KEYS, "key")}
    assert documented == {key: [toml(default)] if default is not None else [] for key, default in config_keys(Config())}


def config_keys(config: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, BaseModel):
            yield from config_keys(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"'{value}'" if "\\" in value else f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, int | float):
        return str(value)
    return "{ " + ", ".join(f"{name} = {toml(inner)}" for name, inner in value.items()) + " }"


def test_column_names_found_by_themselves() -> None:
    found = {code(key)[0].removeprefix("columns."): code(meaning) for key, _, meaning in rows(KEYS, "key")}
    assert found.keys() >= OBVIOUS.keys()
    for role, names in OBVIOUS.items():
        assert found[role] == list(names), role


def test_toml_snippets_are_configurations() -> None:
    snippets = [snippet for each in walked_pages() for snippet in each.of_language("toml")]
    assert len(snippets) >= 2
    for snippet in snippets:
        Config.model_validate(tomllib.loads(snippet))


def test_tasks() -> None:
    documented = {code(task)[0]: judged for task, _, judged in rows(page("evaluation").section("## Tasks"), "task")}
    assert documented == {str(task): "yes" if task in JUDGED else "no" for task in Task}


def test_the_own_data_example_trains(tmp_path: Path) -> None:
    files = {block.file: block.text for block in STARTED.blocks if block.file}
    assert files.keys() == {"orders.csv", "shop.toml"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (command,) = [line for text in STARTED.of_language("sh") for line in commands(text) if "make train" in line]
    assert command.startswith("make train CONFIG=shop.toml ARTIFACTS_DIR=")
    done = subprocess.run(
        [sys.executable, "-m", "training", "train", "--config", "shop.toml", "--quiet"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ARTIFACTS_DIR": str(tmp_path / "store")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    data = Store(tmp_path / "store").verify(Store(tmp_path / "store").current()).data
    bought = list(csv.DictReader(io.StringIO(files["orders.csv"])))
    assert data["n_users"] == len({row["customer"] for row in bought} - {""})
    assert data["n_items"] == len({row["sku"] for row in bought})
    (shown,) = [text for text in STARTED.of_language("text") if text.startswith("found:")]
    said = [line for line in shown.partition("\n…")[0].splitlines() if line.strip()]
    assert [line for line in done.stdout.splitlines() if line.strip()][: len(said)] == said
