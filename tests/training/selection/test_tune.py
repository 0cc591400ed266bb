"""The search for hyper-parameters: finds a planted optimum, goes on where it was, and never sees the test window."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.support.paths import ROOT
from training.__main__ import main
from training.config import Config, load_config
from training.errors import DataError, TuneError
from training.evaluation.tasks import Task
from training.selection.search_space import TUNED
from training.selection.tune import TRIALS_SUFFIX, Budget, Tuned, tune

pytestmark = pytest.mark.integration

START = datetime.fromisoformat("2025-01-01")
LAST_DAY = 300
TURN = LAST_DAY - 2 * 28 - 25
N_USERS, N_ITEMS, N_KINDS = 48, 96, 4
DEADLINE_SECONDS = 120
# What the shop's people write and a search has to leave alone.
CONFIG = """
[data]
source = '{source}'

[columns]
user = "customer" # the card's number

[clean]
bots = false

[evaluation]
test_days = 28

[model]
factors = 16
regularization = 20.0
iterations = 5 # enough here
half_life_days = 0 # taste never changes, or does it?
"""


@dataclass(frozen=True)
class Shop:
    config: Path
    purchases: Path

    def load(self) -> Config:
        return load_config(self.config, None)


def write_shop(directory: Path, seed: int = 0) -> Shop:
    """Four kinds of items. Some weeks before the validation window everybody turns from one kind to another, which
    the first does not foretell: only what was bought lately tells what is bought next."""
    rng = np.random.default_rng(seed)
    rows = [row for user in range(N_USERS) for day in _days(rng) for row in _basket(rng, user, day)]
    shop = Shop(directory / "shop.toml", directory / "purchases.parquet")
    directory.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows, schema=["customer", "item_id", "time", "basket_id"], orient="row").write_parquet(shop.purchases)
    shop.config.write_text(CONFIG.format(source=shop.purchases))
    return shop


def _days(rng: np.random.Generator) -> list[int]:
    early, late = rng.integers(0, TURN, 9), rng.integers(TURN, LAST_DAY, 10)
    return sorted({*early.tolist(), *late.tolist(), LAST_DAY - 1})


def _basket(rng: np.random.Generator, user: int, day: int) -> list[tuple[str, str, datetime, str]]:
    kind = user % N_KINDS if day < TURN else user // N_KINDS % N_KINDS
    items = set((kind + N_KINDS * rng.integers(0, N_ITEMS // N_KINDS, 2)).tolist())
    time = START + timedelta(days=day, minutes=user)
    return [(f"u{user}", f"I{item:02}", time, f"{user}-{day}") for item in sorted(items)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return write_shop(tmp_path_factory.mktemp("shop"))


def run(shop: Shop, out: Path, trials: int) -> Tuned:
    return tune(shop.load(), shop.config, out, Budget(60, trials), show_progress=False)


def test_a_taste_that_changes_is_met_with_a_short_half_life(shop: Shop, tmp_path: Path) -> None:
    out = tmp_path / "tuned.toml"
    tuned = run(shop, out, 12)
    assert tuned.n_trials == 13, "and the configured settings"
    assert tuned.better
    assert tuned.gains[Task.DISCOVERY].low > 0
    found = load_config(out, None)
    assert 0 < found.model.half_life_days < 60
    assert {key: getattr(found.model, key) for key in TUNED} == tuned.settings
    rest = shop.load()
    assert found.model_copy(update={"model": rest.model}) == rest
    assert 'user = "customer" # the card\'s number' in out.read_text().splitlines()


def test_the_test_window_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    altered = Shop(tmp_path / "shop.toml", tmp_path / "purchases.parquet")
    in_test = pl.col("time") >= START + timedelta(days=LAST_DAY - 28)
    rows = pl.read_parquet(shop.purchases)
    leak = pl.when(in_test).then(pl.lit("I00")).otherwise("item_id")
    rows.with_columns(item_id=leak).unique().write_parquet(altered.purchases)
    altered.config.write_text(CONFIG.format(source=altered.purchases))
    assert pl.read_parquet(altered.purchases).filter(in_test)["item_id"].unique().to_list() == ["I00"]
    one, other = run(shop, tmp_path / "one.toml", 2), run(altered, tmp_path / "other.toml", 2)
    assert one == other


def test_settings_that_are_no_better_are_not_written(shop: Shop, tmp_path: Path) -> None:
    out = tmp_path / "tuned.toml"
    tuned = run(shop, out, 0)
    assert tuned.n_trials == 1
    assert not tuned.better
    first, second, *rest = out.read_text().splitlines(keepends=True)
    assert "".join(rest) == shop.config.read_text()
    assert first == "# make tune: 1 trials on 2025-09-02 to 2025-09-30 found nothing measurably better:\n"
    assert second == (
        f"# make tune: the settings stay as configured, and make train CONFIG={out} does the same as with "
        f"CONFIG={shop.config}.\n"
    )
    assert load_config(out, None) == shop.load()


def test_without_a_configuration_a_search_that_finds_nothing_says_so(shop: Shop, tmp_path: Path) -> None:
    out = tmp_path / "tuned.toml"
    tune(shop.load(), None, out, Budget(60, 0), show_progress=False)
    assert all(line.startswith("# make tune: ") for line in out.read_text().splitlines())
    assert "does the same as with no CONFIG" in out.read_text()
    assert load_config(out, None) == Config()


def test_what_an_earlier_search_has_noted_is_left_out(shop: Shop, tmp_path: Path) -> None:
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    run(shop, first, 0)
    tuned = tune(shop.load(), first, second, Budget(60, 12), show_progress=False)
    assert tuned.better
    assert "make tune" not in second.read_text()


def test_other_data_begins_anew(tmp_path: Path) -> None:
    out = tmp_path / "tuned.toml"
    assert run(write_shop(tmp_path / "one"), out, 0).n_trials == 1
    assert run(write_shop(tmp_path / "one"), out, 1).n_trials == 2
    assert run(write_shop(tmp_path / "other", seed=1), out, 0).n_trials == 1


def test_what_is_configured_is_tried_first_wherever_it_lies(shop: Shop, tmp_path: Path) -> None:
    config = shop.load()
    far = {"factors": 4, "regularization": 0.01234567, "alpha": 100.0, "iterations": 2, "half_life_days": 2000.0}
    config = config.model_copy(update={"model": config.model.model_copy(update=far)})
    tuned = tune(config, shop.config, tmp_path / "tuned.toml", Budget(60, 0), show_progress=False)
    assert tuned.settings == far | {"weighting": "count"}


def n_complete(out: Path) -> int:
    path = out.with_name(out.name + TRIALS_SUFFIX)
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as trials:
        return int(trials.execute("SELECT count(*) FROM trials WHERE state = 'COMPLETE'").fetchone()[0])
    return 0


@contextmanager
def running(shop: Shop, out: Path) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, which would search for half an hour."""
    command = [sys.executable, "-m", "training", "tune", "--config", str(shop.config), "--out", str(out), "--quiet"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_trials(out: Path, n_trials: int, process: subprocess.Popen[str]) -> None:
    """Wait until a search has finished so many trials."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while n_complete(out) < n_trials:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"fewer than {n_trials} trials within {DEADLINE_SECONDS} seconds"
        time.sleep(0.05)


@pytest.mark.slow
def test_a_run_goes_on_after_a_kill_and_keeps_what_an_interrupted_one_found(shop: Shop, tmp_path: Path) -> None:
    out = tmp_path / "tuned.toml"
    with running(shop, out) as killed:
        wait_for_trials(out, 2, killed)
    assert not out.exists()
    before = n_complete(out)
    with running(shop, out) as interrupted:
        wait_for_trials(out, before + 1, interrupted)
        interrupted.send_signal(signal.SIGINT)
        said, errors = interrupted.communicate(timeout=DEADLINE_SECONDS)
    assert interrupted.returncode == 0, errors
    assert said.startswith(f"{n_complete(out)} trials on 2025-"), said
    assert load_config(out, None).columns.user == "customer"
    assert {path.name for path in tmp_path.iterdir()} == {"tuned.toml", "tuned.toml.trials"}


def test_what_stands_in_the_way_is_named(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(TuneError, match=r"missing/tuned\.toml: cannot be written"):
        run(shop, tmp_path / "missing" / "tuned.toml", 1)
    (tmp_path / "tuned.toml.trials").write_text("no trials at all, but somebody's notes")
    with pytest.raises(TuneError, match=r"tuned\.toml\.trials: cannot be used") as caught:
        run(shop, tmp_path / "tuned.toml", 1)
    assert not (tmp_path / "tuned.toml").exists()
    assert not open_files(tmp_path), caught  # which holds on to all that was there


def open_files(directory: Path) -> list[str]:
    """What this process holds open in a directory."""
    return [path for entry in Path("/proc/self/fd").iterdir() if (path := target(entry)).startswith(f"{directory}/")]


def target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except FileNotFoundError:  # the one that the directory itself was listed by
        return ""


def test_a_history_without_a_window_to_tune_on(shop: Shop, tmp_path: Path) -> None:
    short = Shop(tmp_path / "shop.toml", tmp_path / "purchases.parquet")
    late = pl.col("time") >= START + timedelta(days=LAST_DAY - 28)
    pl.read_parquet(shop.purchases).filter(late).write_parquet(short.purchases)
    short.config.write_text(CONFIG.format(source=short.purchases))
    with pytest.raises(DataError, match="nothing to tune on: nobody who had bought before 2025-09-02"):
        run(short, tmp_path / "tuned.toml", 1)


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "inf", "soon"])
def test_minutes_are_checked(minutes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["tune", "--out", "tuned.toml", "--minutes", minutes])
    assert ended.value.code == 2
    assert f"{minutes!r} is no number of minutes" in capsys.readouterr().err
