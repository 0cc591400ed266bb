"""The papers at the door agree with each other, and with what is released."""

import re
import tomllib

from artifacts.publishing.manifest import FORMAT
from tests.support.documents import Page, first_codes, rows
from tests.support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CHANGES = Page("CHANGELOG.md")
CONTRIBUTING = Page("CONTRIBUTING.md")


def test_the_released_version_is_in_the_changelog_and_gets_fixes() -> None:
    headings = re.findall(r"^## \[([^]]+)\](?: - (\d{4}-\d\d-\d\d))?$", CHANGES.text, re.MULTILINE)
    assert [name for name, _ in headings][:2] == ["Unreleased", PROJECT["version"]]
    assert headings[1][1]
    minor = PROJECT["version"].rpartition(".")[0]
    supported = dict(row[:2] for row in rows(Page("SECURITY.md").text, "version"))
    assert supported[minor] == "yes"
    assert list(supported.values()).count("yes") == 1


def test_the_changelog_names_the_format() -> None:
    assert re.search(rf"^- Format {FORMAT}\b", CHANGES.section("### Artifact format"), re.MULTILINE)


def test_the_licence_is_the_one_that_is_declared() -> None:
    assert PROJECT["license"] == "MIT"
    (name,) = PROJECT["license-files"]
    text = (ROOT / name).read_text()
    assert text.startswith("MIT License\n")
    assert "the Aisle authors" in text
    assert "urls" not in PROJECT


def test_a_newcomers_ten_questions() -> None:
    section = CONTRIBUTING.section("## Ten questions")
    asked = rows(section, "question")
    assert len(asked) == 10
    answers = [re.fullmatch(r"`([\w/.]+\.py)`", answer) for _, answer in asked]
    assert all(answers)
    assert not first_codes(section, "question")


def test_hooks_run_what_is_installed() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"^  - repo: (\S+)$", hooks, re.MULTILINE) == ["local"]
    assert set(re.findall(r"language: (\S+)", hooks)) == {"system"}
    entries = re.findall(r"entry: \.venv/bin/([\w ]+)", hooks)
    assert [entry.strip() for entry in entries] == ["ruff format", "ruff check", "mypy"]
