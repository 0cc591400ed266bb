"""The Dockerfile without a container engine: its instructions read, its steps run in a directory of their own."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

# What the images hold of their own, and therefore what is moved below a directory when their steps run here.
IMAGE_PATH = re.compile(r"(?<![\w./-])(/app|/opt/aisle|/opt/uv|/var/lib/aisle)\b")
# Steps that change the system: not run here. All of their commands are listed, so that nothing else hides among them.
SYSTEM_COMMANDS = {"useradd": ["useradd", "install"], "apt-get": ["apt-get", "apt-get", "rm"]}
# Not this environment's: the image has a bare one. CPython has the name, typeshed has not.
BARE_PYTHON = sys._base_executable  # type: ignore[attr-defined]
INHERITED = re.compile(r"HOME|LANG|TMPDIR|PIP_.*|UV_.*|SSL_CERT_.*|.*_(proxy|PROXY)")


@dataclass(frozen=True)
class Step:
    """An instruction and the rest of its line, continuation lines joined."""

    instruction: str
    text: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)

    @property
    def exec_form(self) -> list[str]:
        """The command of a CMD, an ENTRYPOINT or a HEALTHCHECK in its JSON form."""
        command: list[str] = json.loads(self.text[self.text.index("[") :])
        return command


@dataclass(frozen=True)
class Stage:
    """A FROM and what follows it."""

    name: str
    base: str
    steps: tuple[Step, ...]

    def all(self, instruction: str) -> list[Step]:
        return [step for step in self.steps if step.instruction == instruction]


def read_stages(path: Path) -> dict[str, Stage]:
    """A Dockerfile's stages by name, in order."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    stages: dict[str, Stage] = {}
    for line in filter(str.strip, lines):
        instruction, rest = line.split(maxsplit=1)
        if instruction == "FROM":
            base, _, name = rest.split()
            stages[name] = Stage(name, base, ())
        else:
            stages[name] = replace(stages[name], steps=(*stages[name].steps, Step(instruction, rest)))
    return stages


def lineage(stages: Mapping[str, Stage], name: str) -> list[Stage]:
    """A stage and those it is built from, the first of them first."""
    stage = stages[name]
    return [*(lineage(stages, stage.base) if stage.base in stages else []), stage]


def in_context(path: str, patterns: list[str]) -> bool:
    """Whether .dockerignore lets a path through: the last pattern that matches it, or a directory above, decides."""
    parents = [str(parent) for parent in Path(path).parents][:-1]
    ignored = False
    for pattern in patterns:
        expression = _expression(pattern.removeprefix("!"))
        if any(expression.fullmatch(name) for name in (path, *parents)):
            ignored = not pattern.startswith("!")
    return not ignored


def read_patterns(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def _expression(pattern: str) -> re.Pattern[str]:
    wild = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return re.compile("".join(wild.get(part, re.escape(part)) for part in parts))


@dataclass(frozen=True)
class Image:
    """What running a built stage needs."""

    env: Mapping[str, str]
    work_dir: Path
    user: str = "root"
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    health: tuple[str, ...] = ()


@dataclass
class Builder:
    """Runs a Dockerfile's steps. The image being built lies in `directory`/root: the same path for every stage, as
    `/` is in a container, so that what a stage copies from another finds itself where it expects to be."""

    directory: Path
    images: dict[str, Image] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = self.directory / "root"
        self.volume = self.directory / "volume"
        self.patterns = read_patterns(ROOT / ".dockerignore")
        python = self.directory / "bin" / "python"
        for directory in (self.volume, python.parent):
            directory.mkdir(parents=True)
        python.symlink_to(BARE_PYTHON)
        inherited = {name: value for name, value in os.environ.items() if INHERITED.fullmatch(name)}
        self.bare = Image({**inherited, "PATH": f"{python.parent}:/usr/bin:/bin"}, self.root)

    def build(self, stage: Stage) -> None:
        """Run a stage's steps; those it is built from come first."""
        shutil.rmtree(self.root, ignore_errors=True)
        if stage.base in self.images:
            shutil.copytree(self._saved(stage.base), self.root, symlinks=True)
        else:
            self.root.mkdir()
        image = self.images.get(stage.base, self.bare)
        for step in stage.steps:
            image = self._run(step, image)
        self.images[stage.name] = image
        shutil.copytree(self.root, self._saved(stage.name), symlinks=True)

    def enter(self, name: str) -> Image:
        """Put a built stage in its place, with the volume mounted."""
        shutil.rmtree(self.root)
        shutil.copytree(self._saved(name), self.root, symlinks=True)
        mount = self.root / "var/lib/aisle"
        mount.rmdir()
        mount.symlink_to(self.volume)
        return self.images[name]

    def _saved(self, name: str) -> Path:
        return self.directory / "stages" / name

    def _placed(self, text: str) -> str:
        return IMAGE_PATH.sub(lambda found: f"{self.root}{found[0]}", text)

    def _run(self, step: Step, image: Image) -> Image:
        match step.instruction:
            case "RUN":
                self._shell(step, image)
            case "COPY":
                self._copy(step, image)
            case "WORKDIR" | "VOLUME":
                directory = Path(self._placed(step.text))
                directory.mkdir(parents=True, exist_ok=True)
                return replace(image, work_dir=directory) if step.instruction == "WORKDIR" else image
            case "ENV":
                return replace(image, env={**image.env, **dict(self._variables(step, image.env))})
            case "USER":
                return replace(image, user=step.text)
            case "CMD" | "ENTRYPOINT":
                command: dict[str, Any] = {step.instruction.lower(): tuple(step.exec_form)}
                return replace(image, **command)
            case "HEALTHCHECK":
                return replace(image, health=tuple(step.exec_form))
            case "EXPOSE":
                pass
            case unknown:
                raise ValueError(f"this builder knows no {unknown}")
        return image

    def _shell(self, step: Step, image: Image) -> None:
        first = step.text.split()[0]
        if first in SYSTEM_COMMANDS:
            assert [command.split()[0] for command in step.text.split("&&")] == SYSTEM_COMMANDS[first]
            return
        command = ["/bin/sh", "-ec", self._placed(step.text)]
        subprocess.run(command, cwd=image.work_dir, env=dict(image.env), check=True)

    def _copy(self, step: Step, image: Image) -> None:
        *sources, target = [word for word in step.words if not word.startswith("--from=")]
        options = [word.removeprefix("--from=") for word in step.words if word.startswith("--from=")]
        place = image.work_dir / self._placed(target)
        for source in sources:
            if options:
                shutil.copytree(self._saved(options[0]) / source.lstrip("/"), place, symlinks=True)
            else:
                self._copy_from_context(source, place)

    def _copy_from_context(self, source: str, place: Path) -> None:
        """As Docker does: a directory's contents into the target, a file below a target that ends in a slash."""
        for path in files_of(source, self.patterns):
            inside = Path(path).relative_to(source) if (ROOT / source).is_dir() else Path(path)
            (place / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, place / inside)

    def _variables(self, step: Step, env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for word in step.words:
            name, _, value = self._placed(word).partition("=")
            yield name, re.sub(r"\$(\w+)", lambda found: env[found[1]], value)


def files_of(source: str, patterns: list[str]) -> list[str]:
    """The files below a path of the project that an image's build sees."""
    found = [ROOT / source] if (ROOT / source).is_file() else sorted((ROOT / source).rglob("*"))
    names = [str(path.relative_to(ROOT)) for path in found if path.is_file()]
    return [name for name in names if in_context(name, patterns)]
