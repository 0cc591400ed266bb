"""Make targets and commands: what the pages say exists, and what exists is said."""

import argparse
import re
import shlex
from collections.abc import Iterator
from typing import Any

from artifacts import __main__ as artifacts_cli
from service import __main__ as service_cli
from tests.support.dockerfile import read_stages
from tests.support.documents import README, documented_commands, first_codes, page, rows, walked_pages
from tests.support.gunicorn_service import refusal
from tests.support.paths import ROOT
from training import __main__ as training_cli
from training.arguments import command_line
from training.stopping import SIGNALS, exit_code

MAKEFILE = (ROOT / "Makefile").read_text()
MAINS: dict[str, Any] = {"artifacts": artifacts_cli, "service": service_cli, "training": training_cli}


def test_make_targets() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)
    documented = first_codes(README.section("## Commands"), "command")
    assert sorted(documented) == sorted(f"make {target}" for target in targets)
    said = [command for command in documented_commands() if not command.startswith("apt-get")]
    used = {match for command in said for match in re.findall(r"\bmake ([a-z-]+)", command)}
    assert used <= set(targets)


def test_python_commands_exist() -> None:
    said = [command for command in documented_commands() if re.search(r"python -m \w+ [\w-]", command)]
    assert len(said) >= 10
    for command in said:
        written = command[command.index("python -m ") + len("python -m ") :].rstrip(")")
        module, *arguments = shlex.split(written.partition(" >> ")[0])
        if module == "benchmarks":
            continue  # its own page's
        try:
            parser(module).parse_args(arguments)
        except SystemExit as ended:
            assert ended.code == 0, command


def test_python_commands_are_documented() -> None:
    said = "\n".join(documented_commands())
    for module in MAINS:
        for command in subcommands(parser(module)):
            made = rf"make {command}\b" if module == "training" else f"python -m {module} {command}"
            assert re.search(made, said), f"python -m {module} {command}"


def parser(module: str) -> argparse.ArgumentParser:
    if module == "training":
        return command_line(training_cli.__doc__)
    found: argparse.ArgumentParser = MAINS[module]._parser()
    return found


def subcommands(parent: argparse.ArgumentParser, prefix: str = "") -> Iterator[str]:
    inner = [action for action in parent._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        yield prefix.strip()
    for action in inner:
        for name, child in action.choices.items():
            yield from subcommands(child, f"{prefix} {name}")


def test_exit_codes() -> None:
    """The table has the codes that each program can end with, and no others."""
    documented: dict[str, set[int]] = {}
    for command, code, _ in rows(page("operations").section("## Exit codes"), "command"):
        documented.setdefault(command.strip("`").removeprefix("python -m "), set()).add(int(code))
    assert documented.keys() == {*MAINS, "benchmarks", "gunicorn", "make"}
    told_to_stop = {exit_code(number) for number in SIGNALS}
    assert documented["training"] == {0, training_cli.FAILED, training_cli.REFUSED, *told_to_stop}
    assert documented["artifacts"] == {0, artifacts_cli.FAILURE}
    assert documented["service"] == {0, service_cli.FAILURE}


def test_exit_codes_of_a_service_that_does_not_start() -> None:
    documented = {
        int(row[1]) for row in rows(page("operations").section("## Exit codes"), "command") if "gun" in row[0]
    }
    ended, said = refusal(ROOT / "no-such-store", HOST="0.0.0.0")
    assert "HOST='0.0.0.0'" in said
    assert ended == 1
    assert ended in documented


def test_docker_targets() -> None:
    text = "".join(each.text for each in walked_pages())
    said = re.findall(r"docker build --target (\w+)", text)
    assert said == ["serve", "train"]
    assert set(said) <= read_stages(ROOT / "Dockerfile").keys()
