"""What can be said of the images without a container engine: what goes in, and that every step of theirs works."""

import socket
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support.dockerfile import Builder, Image, Stage, files_of, in_context, lineage, read_patterns, read_stages
from tests.support.gunicorn_service import Service, wait_for
from tests.support.paths import ROOT

TARGETS = ("serve", "train")
INSTALLED = """
from importlib.metadata import distributions
for installed in distributions():
    print(f"{installed.name.lower().replace('_', '-')}=={installed.version}")
"""
TRAINING_ONLY = ("implicit", "polars", "tqdm")


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    return read_stages(ROOT / "Dockerfile")


@pytest.fixture(scope="module")
def patterns() -> list[str]:
    return read_patterns(ROOT / ".dockerignore")


def steps(stages: dict[str, Stage], target: str, instruction: str) -> list[str]:
    return [step.text for stage in lineage(stages, target) for step in stage.all(instruction)]


def test_a_target_to_serve_and_one_to_train(stages: dict[str, Stage]) -> None:
    assert set(TARGETS) <= stages.keys()
    assert list(stages)[-1] == "serve", "docker build without --target makes the last stage"


def test_what_is_copied_exists_and_reaches_the_build(stages: dict[str, Stage], patterns: list[str]) -> None:
    for stage in stages.values():
        for step in stage.all("COPY"):
            *sources, _ = [word for word in step.words if not word.startswith("--")]
            if "--from=" in step.text:
                assert step.words[0].removeprefix("--from=") in stages
            else:
                assert [source for source in sources if not files_of(source, patterns)] == []


@pytest.mark.parametrize("package", ["artifacts", "service", "training"])
def test_all_of_a_package_reaches_the_build(package: str, patterns: list[str]) -> None:
    listed = subprocess.run(["git", "ls-files", package], cwd=ROOT, capture_output=True, text=True, check=True)
    assert listed.stdout
    assert [name for name in listed.stdout.splitlines() if not in_context(name, patterns)] == []


@pytest.mark.parametrize(
    "name",
    [
        ".git/config",
        ".venv/bin/python",
        "artifacts/store/current",
        "artifacts/store/versions/v/users.ids.data.npy",
        "service/__pycache__/app.cpython-311.pyc",
        "tests/conftest.py",
        "keys.json",
        "picks.ndjson",
    ],
)
def test_nothing_else_reaches_the_build(name: str, patterns: list[str]) -> None:
    assert not in_context(name, patterns)


@pytest.mark.parametrize(
    ("path", "ignore", "seen"),
    [
        ("a/b.py", ["a"], False),
        ("a/b.py", ["**", "!a/*.py"], True),
        ("a/b/c.py", ["**", "!a/*.py"], False),
        ("a/b/c.py", ["**", "!a/**/*.py"], True),
        ("a/c.py", ["**", "!a/**/*.py"], True),
        ("a/c.py", ["!a/c.py", "a/*"], False),
    ],
)
def test_patterns_decide_as_docker_does(path: str, ignore: list[str], seen: bool) -> None:
    assert in_context(path, ignore) is seen


@pytest.mark.parametrize("target", TARGETS)
def test_nobody_runs_as_root(stages: dict[str, Stage], target: str) -> None:
    assert steps(stages, target, "USER")[-1] == "aisle"


@pytest.mark.parametrize("target", TARGETS)
def test_versions_live_in_a_volume(stages: dict[str, Stage], target: str) -> None:
    (volume,) = steps(stages, target, "VOLUME")
    assert f"ARTIFACTS_DIR={volume}" in " ".join(steps(stages, target, "ENV")).split()


def test_only_what_is_served_is_watched(stages: dict[str, Stage]) -> None:
    (check,) = stages["serve"].all("HEALTHCHECK")
    program, option, code = check.exec_form
    assert (program, option) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")
    assert steps(stages, "train", "HEALTHCHECK") == []


def test_training_packages_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    served = " ".join(project["dependencies"])
    assert [name for name in TRAINING_ONLY if name not in " ".join(project["optional-dependencies"]["train"])] == []
    assert [name for name in TRAINING_ONLY if name in served] == []


@pytest.mark.slow
def test_every_step_works_in_order(stages: dict[str, Stage], tmp_path: Path) -> None:
    """Both images are built, one trains on the sample shop, the other serves what it published."""
    builder = Builder(tmp_path)
    for stage in stages.values():
        builder.build(stage)
    trained = run(builder.enter("train"))
    assert trained.returncode == 0, trained.stderr
    assert "published" in trained.stdout

    locked = {line.split()[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line}
    image = builder.enter("serve")
    installed = run(image, "python", "-c", INSTALLED).stdout.splitlines()
    assert installed
    assert set(installed) <= locked
    assert [name for name in TRAINING_ONLY if list(builder.root.glob(f"opt/aisle/lib/*/site-packages/{name}"))] == []
    refused = run(image)
    assert refused.returncode == 1
    assert "there are no API keys" in refused.stderr
    keys = builder.volume / "keys.json"
    made = run(
        image, "python", "-m", "service", "keys", "--file", str(keys), "create", "--name", "a", "--scope", "read"
    )
    serves(image, keys, made.stdout.strip(), builder.volume, tmp_path)


def run(image: Image, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A container's command, or another one in its place."""
    return subprocess.run(
        command or [*image.entrypoint, *image.cmd],
        cwd=image.work_dir,
        env={**image.env, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def serves(image: Image, keys: Path, token: str, volume: Path, logs: Path) -> None:
    """The image's command answers who has a key, and its health check tells whether it does."""
    port = str(free_port())
    assert run(image, *image.health, PORT=port).returncode != 0
    env = {**image.env, "PORT": port, "API_KEYS_FILE": str(keys), "WORKERS": "1"}
    with (logs / "out.log").open("wb") as out, (logs / "err.log").open("wb") as err:
        process = subprocess.Popen(image.cmd, cwd=image.work_dir, env=env, stdout=out, stderr=err)
    try:
        wait_for(lambda: process.poll() is not None or run(image, *image.health, PORT=port).returncode == 0)
        service = Service(int(port), process.pid, logs / "out.log", logs / "err.log")
        assert service.get("/v1/popular").status == 401
        answer = service.get("/v1/popular?limit=3", {"Authorization": f"Bearer {token}"})
        assert answer.status == 200, answer.body
        assert answer.json["model_version"] == (volume / "current").read_text().strip()
        assert len(answer.json["items"]) == 3
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
