"""The README and the pages of docs/, read: their headings, tables, links and fenced blocks."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.support.paths import ROOT

FENCE = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
NOT_RUN = "not run: "
FILE = "file: "


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `start` and `end` say where its text stands, `note` what a comment above it says."""

    page: str
    language: str
    text: str
    note: str
    start: int
    end: int

    @property
    def not_run(self) -> str | None:
        """Why nobody runs it here."""
        return self.note.removeprefix(NOT_RUN) if self.note.startswith(NOT_RUN) else None

    @property
    def file(self) -> str | None:
        """The file that a reader puts it into."""
        return self.note.removeprefix(FILE) if self.note.startswith(FILE) else None

    @property
    def is_curl(self) -> bool:
        return self.language == "sh" and self.text.startswith("curl ")


@dataclass(frozen=True)
class Page:
    """A page: `name` is its path below the project."""

    name: str

    @property
    def path(self) -> Path:
        return ROOT / self.name

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return FENCE.sub("", self.text)

    @cached_property
    def blocks(self) -> list[Block]:
        return [
            Block(self.name, found["language"], found["text"], found["note"] or "", *found.span("text"))
            for found in FENCE.finditer(self.text)
        ]

    def of_language(self, language: str) -> list[str]:
        return [block.text for block in self.blocks if block.language == language]

    @cached_property
    def anchors(self) -> set[str]:
        """What a link may name after `#`: each heading, as hosts of git repositories write it."""
        headings = re.findall(r"^#+ (.*)", self.prose, re.MULTILINE)
        plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
        return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in plain}

    @cached_property
    def links(self) -> list[str]:
        """The targets of its links, also of those that are defined apart."""
        apart = re.findall(r"^\[[^]]+\]: (\S+)$", self.prose, re.MULTILINE)
        return [*re.findall(r"\]\(([^)\s]+)\)", self.prose), *apart]

    def section(self, heading: str) -> str:
        """What stands below a heading, up to the next one of its level or above."""
        level, _, _ = heading.partition(" ")
        begin = self.text.index(f"\n{heading}\n")
        end = re.compile(rf"^#{{1,{len(level)}}} ", re.MULTILINE).search(self.text, begin + len(heading) + 2)
        return self.text[begin : end.start() if end else None]


def page(name: str) -> Page:
    """A page of docs/."""
    return Page(f"docs/{name}.md")


README = Page("README.md")


def docs_in_order() -> list[Page]:
    """The pages of docs/ as the index lists them, which is the order in which they can be followed."""
    return [page(name) for name in re.findall(r"^\| \[[^]]+\]\(([\w-]+)\.md\) \|", page("index").text, re.MULTILINE)]


def all_pages() -> list[Page]:
    """Every page that a reader is sent to: those at the top, all of docs/, and the benchmarks' own."""
    top = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "benchmarks" / "README.md"]
    return [Page(str(path.relative_to(ROOT))) for path in top]


def walked_pages() -> list[Page]:
    """What somebody reads from the first page to the last."""
    return [README, page("index"), *docs_in_order()]


def rows(text: str, first: str) -> list[list[str]]:
    """The cells of the table whose header's first cell is `first`."""
    table = text[text.index(f"\n| {first} |") + 1 :].partition("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def first_codes(text: str, first: str) -> list[str]:
    """All that stands in backticks in the first column of a table."""
    return [name for row in rows(text, first) for name in code(row[0])]


def commands(block: str) -> list[str]:
    """A shell block's commands: continuation lines joined, comments left out."""
    lines = block.replace("\\\n", " ").splitlines()
    return [command for line in lines if (command := re.sub(r"(^|\s)#.*", "", line).strip())]


def documented_commands() -> list[str]:
    """Every command of the pages, in blocks and in passing."""
    blocks = [command for each in walked_pages() for text in each.of_language("sh") for command in commands(text)]
    return [*blocks, *(said for each in walked_pages() for said in re.findall(r"`([^`\n]+)`", each.prose))]


@dataclass(frozen=True)
class Curl:
    """A curl command of a page, the arguments that it has, and the block with the answer that is shown below it."""

    asked: Block
    arguments: list[str]
    answer: Block

    @property
    def url(self) -> str:
        (url,) = [argument for argument in self.arguments if argument.startswith("http")]
        return url

    @property
    def changes(self) -> bool:
        """Whether asking it twice is not asking it once."""
        return "-X" in self.arguments or self.url.endswith("/v1/events")


def curls(pages: list[Page] | None = None) -> Iterator[Curl]:
    """The curl commands of the pages, each with the answer that stands right below it."""
    for each in walked_pages() if pages is None else pages:
        for place, asked in enumerate(each.blocks):
            if asked.is_curl:
                answered = each.blocks[place + 1]
                assert answered.language in {"json", "ndjson"}, asked
                # Not line by line: a body in quotes may have several.
                command, *arguments = shlex.split(asked.text.replace("\\\n", " "))
                assert command == "curl"
                assert "curl" not in arguments, asked
                yield Curl(asked, arguments, answered)
