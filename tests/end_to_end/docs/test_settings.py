"""Settings of the environment and variables of the Makefile, against what is read."""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.settings import read_settings
from tests.support.documents import code, first_codes, page, rows
from tests.support.paths import ROOT
from training.live.settings import read_live_settings

MAKEFILE = (ROOT / "Makefile").read_text()
SETTINGS = page("configuration").section("## Settings")
VARIABLES = page("configuration").section("## Make variables")
PACKAGES = ("artifacts", "service", "training")
# Set by the service for itself and its workers, and by the training for its threads.
INTERNAL_VARIABLES = {"PROMETHEUS_MULTIPROC_DIR", "OMP_WAIT_POLICY", "TQDM_MININTERVAL"}


def test_make_variables() -> None:
    documented = set(first_codes(VARIABLES, "variable"))
    fixed = set(re.findall(r"^(\w+) :?= ", MAKEFILE, re.MULTILINE)) | {"MAKEFILE_LIST", "MAKECMDGOALS"}
    used = set(re.findall(r"\$\((\w+)\)", MAKEFILE))
    assert documented == used - fixed - set(first_codes(SETTINGS, "setting"))
    defaults = dict(re.findall(r"^(\w+) \?= (.*)", MAKEFILE, re.MULTILINE))
    for name, default, *_ in rows(VARIABLES, "variable"):
        assert code(default) == [defaults[code(name)[0]]] if code(name)[0] in defaults else not code(default)


class Recorder(dict[str, str]):
    """An environment that remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = Recorder()
    monkeypatch.setattr(os, "environ", environ)
    settings = {**vars(read_live_settings(environ)), **vars(read_settings(environ))}
    assert sorted(first_codes(SETTINGS, "setting")) == sorted(environ.asked)
    for name, default, _ in rows(SETTINGS, "setting"):
        value = settings[code(name)[0].lower()]
        if isinstance(value, Path):
            value = value.relative_to(ROOT)
        known: dict[Any, list[str]] = {False: ["no"], None: [], (): []}
        if code(name) != ["WORKERS"]:
            assert code(default) == (known[value] if value in (None, ()) or value is False else [str(value)]), name


def test_no_other_variable_is_read() -> None:
    documented = {*first_codes(SETTINGS, "setting")}
    read = {name for package in PACKAGES for path in (ROOT / package).rglob("*.py") for name in variables(path)}
    assert read <= documented | INTERNAL_VARIABLES


def variables(path: Path) -> Iterator[str]:
    """The constants by which a module reads `os.environ`."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case (
                ast.Call(
                    func=ast.Attribute(value=ast.Attribute(ast.Name("os"), "environ")),
                    args=[ast.Constant(str(name)), *_],
                )
                | ast.Call(func=ast.Attribute(attr="getenv"), args=[ast.Constant(str(name)), *_])
                | ast.Subscript(
                    value=ast.Attribute(ast.Name("os"), "environ"), slice=ast.Constant(str(name)), ctx=ast.Load()
                )
            ):
                yield name
