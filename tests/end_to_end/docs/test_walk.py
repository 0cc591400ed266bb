"""The walk through all pages, in their order, in one clean clone: every command, every answer.

`RECORD=yes` writes what was answered into the pages, in place of what they show.
"""

import os
import shutil
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.documents import Block, Curl, Page, curls, walked_pages
from tests.support.missing import without
from tests.support.shown import differences, output_of, page_of, parse
from tests.support.walk import Ran, Walk, walking

RECORD = os.environ.get("RECORD") == "yes"
RUN, SHOWN, OTHERS = {"sh"}, {"json", "ndjson", "text", "csv", "toml", "mermaid"}, {"cron", "nginx", "ini"}
SETTLED_SECONDS = 3.0  # every worker follows within one


@dataclass
class Notes:
    """What the walk found: how many blocks ran, why others did not, what each page should show."""

    ran: int = 0
    answers: int = 0
    not_run: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    pages: dict[str, list[tuple[Block, str]]] = field(default_factory=lambda: defaultdict(list))


def test_blocks_are_of_languages_that_are_run_shown_or_marked() -> None:
    blocks = [block for page in walked_pages() for block in page.blocks]
    assert {block.language for block in blocks} <= RUN | SHOWN | OTHERS
    assert [block for block in blocks if block.language in OTHERS and not block.not_run] == []
    assert [block for block in blocks if block.note and not (block.not_run or block.file)] == []


@pytest.mark.slow
def test_the_walk_through_all_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("curl") is None:
        without("curl is not installed (Debian: apt-get install curl)")
    notes = Notes()
    with walking(tmp_path) as walk:
        for page in walked_pages():
            follow(walk, page, notes)
    if RECORD:
        record(notes)
    with capsys.disabled():
        print(f"\nran {notes.ran} blocks, compared {notes.answers} answers, did not run {len(notes.not_run)}:")
        print("\n".join(f"  {reason}" for reason in notes.not_run))
    assert notes.problems == []
    assert notes.answers == len(list(curls()))
    assert notes.ran > 4 * len(notes.not_run)


def follow(walk: Walk, page: Page, notes: Notes) -> None:
    """Put a page's files where they belong, run its commands, and look at what they answer."""
    answers = {curl.asked.start: curl for curl in curls([page])}
    for place, block in enumerate(page.blocks):
        if block.file:
            (walk.directory / block.file).write_text(block.text)
        elif block.not_run:
            notes.not_run.append(f"{page.name}: {block.not_run}")
        elif block.language == "sh":
            notes.ran += 1
            ran = walk.run(block)
            # What comes after would fail for this alone.
            assert ran.code == 0, f"{page.name}:\n{block.text}\n{ran.out}\n{ran.err}"
            if block.start in answers:
                compare_answer(walk, answers[block.start], ran, notes)
            elif place + 1 < len(page.blocks) and page.blocks[place + 1].language == "text":
                compare_output(page.blocks[place + 1], ran, notes)


def compare_answer(walk: Walk, curl: Curl, ran: Ran, notes: Notes) -> None:
    """An answer and its status; one that only reads is asked again until it has settled."""
    shown = curl.answer.text
    wanted = parse(shown)[0].get("status") if '"errors"' in shown else None
    deadline = time.monotonic() + SETTLED_SECONDS
    while not curl.changes and time.monotonic() < deadline and (RECORD or found_in(shown, ran)):
        time.sleep(0.1)
        ran = walk.run(curl.asked)
    notes.answers += 1
    if ran.statuses not in ([[wanted]] if wanted else [[200], [202]]):
        notes.problems.append(f"{curl.asked.page}: {curl.url}: {ran.statuses}: {ran.out}")
        return
    notes.problems += [] if RECORD else [f"{curl.asked.page}: {curl.url}: {found}" for found in found_in(shown, ran)]
    notes.pages[curl.answer.page].append((curl.answer, page_of(shown, ran.out)))


def found_in(shown: str, ran: Ran) -> list[str]:
    examples, answers = parse(shown), parse(ran.out)
    if len(examples) != len(answers):
        return [f"{len(answers)} answers instead of {len(examples)}"]
    return [found for pair in zip(examples, answers, strict=True) for found in differences(*pair)]


def compare_output(shown: Block, ran: Ran, notes: Notes) -> None:
    text, missing = output_of(shown.text, ran.out)
    notes.problems += [f"{shown.page}: no such line: {line}" for line in missing]
    notes.pages[shown.page].append((shown, text))


def record(notes: Notes) -> None:
    """Write what was answered into the pages of the project."""
    for name, changed in notes.pages.items():
        page = Page(name)
        text = page.text
        for block, own in sorted(changed, key=lambda change: -change[0].start):
            text = text[: block.start] + own + text[block.end :]
        page.path.write_text(text)
