"""The README against the code, both ways: what it documents exists, and what exists is documented."""

import argparse
import ast
import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import BaseModel

from artifacts import __main__ as artifacts_cli
from artifacts.limits import MAX_LIMIT
from artifacts.publishing.store import Store
from artifacts.queries.query import Fallback, Source
from service import __main__ as service_cli
from service.api.routes import ROUTES
from service.app import create_app
from service.http.keys import Scope
from service.limits import MAX_BATCH_USERS
from service.recommendations.schemas import Personal
from service.settings import read_settings
from tests.support.dockerfile import read_stages
from tests.support.gunicorn_service import Reply, Service, running, wait_for
from training import __main__ as training_cli
from training.config import Config
from training.live.settings import read_live_settings
from training.reading.columns import OBVIOUS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
PACKAGES = ("artifacts", "service", "training")
# Set by the service for itself and its workers, and by the training for its threads.
INTERNAL_VARIABLES = {"PROMETHEUS_MULTIPROC_DIR", "OMP_WAIT_POLICY"}


@dataclass(frozen=True)
class Block:
    """A fenced block of the README."""

    language: str
    text: str


def blocks(language: str) -> list[str]:
    return [block.text for block in all_blocks() if block.language == language]


def all_blocks() -> list[Block]:
    return [
        Block(found[1], found[2]) for found in re.finditer(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    ]


def section(heading: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    level, _, _ = heading.partition(" ")
    begin = TEXT.index(f"\n{heading}\n")
    end = re.compile(rf"^#{{1,{len(level)}}} ", re.MULTILINE).search(TEXT, begin + len(heading) + 2)
    return TEXT[begin : end.start() if end else None]


def rows(text: str, first: str) -> list[list[str]]:
    """The cells of the table whose header's first cell is `first`."""
    table = text[text.index(f"\n| {first} |") + 1 :].partition("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table.splitlines()[2:]]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def first_codes(text: str, first: str) -> list[str]:
    return [name for row in rows(text, first) for name in code(row[0])]


def commands(block: str) -> list[str]:
    """A shell block's commands: continuation lines joined, comments left out."""
    lines = block.replace("\\\n", " ").splitlines()
    return [command for line in lines if (command := re.sub(r"(^|\s)#.*", "", line).strip())]


def documented_commands() -> list[str]:
    return [*(command for block in blocks("sh") for command in commands(block)), *re.findall(r"`([^`\n]+)`", TEXT)]


# Commands


def test_make_targets() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)
    assert sorted(first_codes(section("## Try it"), "command")) == sorted(f"make {target}" for target in targets)
    used = {match for command in documented_commands() for match in re.findall(r"\bmake ([a-z-]+)", command)}
    assert used <= set(targets)


def test_make_variables() -> None:
    documented = set(first_codes(section("## Settings"), "variable"))
    fixed = set(re.findall(r"^(\w+) :?= ", MAKEFILE, re.MULTILINE)) | {"MAKEFILE_LIST"}
    used = set(re.findall(r"\$\((\w+)\)", MAKEFILE)) - fixed
    assert documented == used
    defaults = dict(re.findall(r"^(\w+) \?= (.*)", MAKEFILE, re.MULTILINE))
    for name, default, *_ in rows(section("## Settings"), "variable"):
        assert code(default) == [defaults[code(name)[0]]] if code(name)[0] in defaults else not code(default)


def test_python_commands_exist() -> None:
    said = [command for command in documented_commands() if re.search(r"python -m \w+ \w", command)]
    assert said
    for command in said:
        module, *arguments = shlex.split(command[command.index("python -m ") + len("python -m ") :])
        if ">>" in arguments:
            arguments = arguments[: arguments.index(">>")]
        try:
            parser(module).parse_args(arguments)
        except SystemExit as ended:
            assert ended.code == 0, command


def test_python_commands_are_documented() -> None:
    said = "\n".join(documented_commands())
    for module in PACKAGES:
        for command in subcommands(parser(module)):
            made = rf"make {command}\b" if module == "training" else f"python -m {module} {command}"
            assert re.search(made, said), f"python -m {module} {command}"


def parser(module: str) -> argparse.ArgumentParser:
    mains = {"artifacts": artifacts_cli, "service": service_cli, "training": training_cli}
    return mains[module]._parser()


def subcommands(parent: argparse.ArgumentParser, prefix: str = "") -> Iterator[str]:
    inner = [action for action in parent._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        yield prefix.strip()
    for action in inner:
        for name, child in action.choices.items():
            yield from subcommands(child, f"{prefix} {name}")


# Settings and configuration


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
    assert sorted(first_codes(section("## Settings"), "setting")) == sorted(environ.asked)
    for name, default, _ in rows(section("## Settings"), "setting"):
        value = settings[code(name)[0].lower()]
        if isinstance(value, Path):
            value = value.relative_to(ROOT)
        known = {False: ["no"], None: []}
        if code(name) != ["WORKERS"]:
            assert code(default) == (known[value] if value is None or value is False else [str(value)]), name


def test_no_other_variable_is_read() -> None:
    documented = {*first_codes(section("## Settings"), "setting")}
    read = {name for package in PACKAGES for path in (ROOT / package).rglob("*.py") for name in variables(path)}
    assert read <= documented | INTERNAL_VARIABLES


def variables(path: Path) -> Iterator[str]:
    """The constants by which a module reads `os.environ`."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case (
                ast.Call(func=ast.Attribute(value=ast.Attribute(attr="environ")), args=[ast.Constant(value=name), *_])
                | ast.Call(func=ast.Attribute(attr="getenv"), args=[ast.Constant(value=name), *_])
                | ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=name), ctx=ast.Load())
            ):
                if name.isupper() and not name.startswith(("HTTP_", "QUERY_")):
                    yield name


def test_configuration_keys_and_defaults() -> None:
    documented = {code(row[0])[0]: code(row[1]) for row in rows(section("### Configuration"), "key")}
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
        return f'"{value}"'
    if isinstance(value, int | float):
        return str(value)
    return "{ " + ", ".join(f"{name} = {toml(inner)}" for name, inner in value.items()) + " }"


def test_column_names_found_by_themselves() -> None:
    for key, _, meaning in rows(section("### Configuration"), "key"):
        role = code(key)[0].removeprefix("columns.")
        if role in OBVIOUS:
            assert code(meaning) == list(OBVIOUS[role]), key


def test_toml_snippets_are_configurations() -> None:
    assert len(blocks("toml")) >= 2
    for snippet in blocks("toml"):
        Config.model_validate(tomllib.loads(snippet))


def test_the_own_data_example_trains(tmp_path: Path) -> None:
    orders, shop = blocks("csv")[0], blocks("toml")[0]
    (tmp_path / "orders.csv").write_text(orders)
    (tmp_path / "shop.toml").write_text(shop)
    (command,) = [line for block in blocks("sh") for line in commands(block) if line.startswith("make train")]
    assert command == "make train CONFIG=shop.toml"
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
    bought = list(csv.DictReader(io.StringIO(orders)))
    assert data["n_users"] == len({row["customer"] for row in bought} - {""})
    assert data["n_items"] == len({row["sku"] for row in bought})


# The HTTP API

CURL_OPTIONS = ("-X", "-H", "-d", "--data-binary")
SHELL_TIME = "$(date -u +%FT%TZ)"


def test_requests() -> None:
    documented = first_codes(section("## HTTP API"), "request")
    assert len(documented) == len(set(documented))
    app = create_app(read_settings({}))
    served = {
        f"{method} {rule.rule.replace('<', '{').replace('>', '}').rstrip('/')}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if "path:" not in rule.rule and not rule.rule.startswith("/docs/dist")
    }
    assert {f"{route.method} {route.path}" for route in ROUTES} <= served
    assert set(documented) == served


def test_parameters() -> None:
    table = rows(section("## HTTP API"), "parameter")
    assert set(first_codes(section("## HTTP API"), "parameter")) == Personal.model_fields.keys()
    for names, default, _ in table:
        for name in code(names):
            value = Personal.model_fields[name].default
            shown = [] if value in (None, []) else [orjson.dumps(value).decode().strip('"')]
            assert code(default) == shown, name
    assert f"at most {MAX_LIMIT};" in section("## HTTP API")
    assert f"up to {MAX_BATCH_USERS:,} users" in section("## HTTP API")


def test_sources_and_fallbacks() -> None:
    documented = {(code(field)[0], code(value)[0]) for field, value, _ in rows(section("## HTTP API"), "field")}
    fallbacks = {("fallback", str(value)) for value in (*Fallback, "null")}
    assert documented == {("source", str(value)) for value in Source} | fallbacks


def test_scopes() -> None:
    table = rows(section("## API keys"), "scope")
    assert [code(row[0])[0] for row in table] == [str(scope) for scope in Scope]
    for scope, requests in ((code(row[0])[0], code(row[1])) for row in table):
        routes = {f"{route.method} {route.path}" for route in ROUTES if route.scope == scope}
        metrics = {"GET /metrics"} if scope == Scope.ADMIN else set()
        assert not requests or set(requests) == routes | metrics


def curls() -> list[tuple[list[str], str]]:
    """Each curl command's arguments, and the answer shown below it."""
    shown = []
    for asked, answered in pairwise(all_blocks()):
        if asked.language == "sh" and asked.text.startswith("curl"):
            assert answered.language in {"json", "ndjson"}
            # Not line by line: a body in quotes may have several.
            command, *arguments = shlex.split(asked.text.replace("\\\n", " "))
            assert command == "curl"
            assert "curl" not in arguments
            shown.append((arguments, answered.text))
    return shown


def ask(service: Service, arguments: list[str]) -> Reply:
    (url,) = [argument for argument in arguments if argument.startswith("http://127.0.0.1:8000/")]
    options = {option: arguments[arguments.index(option) + 1] for option in CURL_OPTIONS if option in arguments}
    body = options.get("-d", options.get("--data-binary", "")).replace(SHELL_TIME, datetime.now(UTC).isoformat())
    method = options.get("-X", "POST" if body else "GET")
    headers = dict([options["-H"].split(": ")]) if body else {}
    return service.ask(method, url.removeprefix("http://127.0.0.1:8000"), body.encode() or None, headers)


def test_answers_have_the_shape_shown(service: Service) -> None:
    """The tiny shop knows none of the ids, which changes the items of an answer and not its shape."""
    assert len(curls()) >= len(ROUTES)
    for arguments, shown in curls():
        reply = ask(service, arguments)
        if '"status": 400' in shown:
            assert reply.status == 400
            answered, wanted = reply.json, json.loads(shown)
            assert [error["field"] for error in answered["errors"]] == [error["field"] for error in wanted["errors"]]
        else:
            assert reply.status in {200, 202}, (arguments, reply.body)
        for answer, example in zip(reply.body.splitlines(), lines_of(shown), strict=True):
            assert json.loads(example).keys() <= json.loads(answer).keys(), arguments


def test_the_flow_of_a_live_shop(tiny_store: Store, tmp_path: Path) -> None:
    """Every command in its order, on the tiny shop: its user, what it is shown first and what sells most there."""
    (flow,) = [block for block in blocks("sh") if block.startswith("# what C10216 is shown first is CM-1001")]
    with running(tiny_store.root, tmp_path, WORKERS="2", LIVE_URL=f"sqlite:///{tmp_path}/live.db") as service:
        first = item_ids(service.get("/v1/users/u1/recommendations?limit=1"))[0]
        best_seller = item_ids(service.get("/v1/popular"))[0]
        for name, own in (("C10216", "u1"), ("CM-1001", first), ("CT-1007", best_seller)):
            assert name in flow
            flow = flow.replace(name, own)
        _, *asked = re.split(r"^curl ", flow, flags=re.MULTILINE)
        before, buy, after, sell_out, popular, forget, unknown = [
            partial(ask, service, shlex.split(arguments, comments=True)) for arguments in asked
        ]
        assert item_ids(before()) == [first]
        assert buy().status == 202
        assert item_ids(after()) not in ([first], [])
        assert sell_out().json["available"] is False
        wait_for(lambda: best_seller not in item_ids(popular()))
        assert forget().json["events_deleted"] == 1
        assert unknown().json["fallback"] == "unknown_user"


def item_ids(reply: Reply) -> list[str]:
    return [item["item_id"] for item in reply.json["items"]]


def lines_of(shown: str) -> list[str]:
    """An answer shown over several lines is one; lines that are each an answer are many."""
    try:
        json.loads(shown)
    except json.JSONDecodeError:
        return shown.splitlines()
    return [shown]


def test_every_v1_request_has_an_example() -> None:
    asked = [argument for arguments, _ in curls() for argument in arguments if argument.startswith("http")]
    for route in ROUTES:
        pattern = re.sub(r"\\{\w+\\}", "[^/?]+", re.escape(route.path)) + r"(\?|$)"
        if route.name != "model_report":
            assert any(re.search(f"8000{pattern}", url) for url in asked), route.path


def test_metrics(service: Service) -> None:
    service.get("/v1/users/nobody/recommendations")
    # While a worker has not taken its model up yet there is no age.
    taken_up = re.compile(r"^aisle_model_info\{\S+ 2\.0$", re.MULTILINE)
    wait_for(lambda: taken_up.search(text := exposed(service)) and "\naisle_model_age_seconds " in text)
    assert set(first_codes(section("## Metrics and logs"), "metric")) == exposed_metrics(service)


def exposed_metrics(service: Service) -> set[str]:
    return set(re.findall(r"^# TYPE (\w+) ", exposed(service), re.MULTILINE))


def exposed(service: Service) -> str:
    return service.get("/metrics").body.decode()


def test_the_log_line(service: Service) -> None:
    service.get("/v1/popular")
    (shown,) = [json.loads(block) for block in blocks("json") if '"milliseconds"' in block]
    logged = [line for line in service.lines() if line.get("route") == "/v1/popular"]
    assert shown.keys() == logged[-1].keys()


def test_events_that_are_logged() -> None:
    code_of_service = "".join(path.read_text() for path in (ROOT / "service").glob("*.py"))
    documented = set(re.findall(r"`(model_\w+)`", section("## Metrics and logs")))
    assert documented == set(re.findall(r'write_line\(event="(model_\w+)"', code_of_service))


# Everything else it shows


def test_docker_targets() -> None:
    said = re.findall(r"docker build --target (\w+)", TEXT)
    assert said == ["serve", "train"]
    assert set(said) <= read_stages(ROOT / "Dockerfile").keys()


def test_links_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)", TEXT, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("#"):
            assert target[1:] in headings
        elif "://" not in target:
            assert (ROOT / target).is_file()
    for path in re.findall(r"`((?:examples|benchmarks)/[\w./-]+)`", TEXT):
        assert (ROOT / path).is_file()
