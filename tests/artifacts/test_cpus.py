import os
from pathlib import Path

import pytest

from artifacts.cpus import available_cpus

ALLOWED = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "100000 100000"}, 1),
        ({"cpu.max": "150000 100000"}, min(2, ALLOWED)),
        ({"cpu.max": "max 100000"}, ALLOWED),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, ALLOWED),
        ({}, ALLOWED),
    ],
)
def test_a_containers_quota_counts(tmp_path: Path, files: dict[str, str], cpus: int) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert available_cpus(tmp_path, tmp_path / "none") == cpus


@pytest.mark.parametrize(
    ("own", "limited"),
    [
        ("0::/shop.slice/aisle.service", "shop.slice/aisle.service/cpu.max"),
        ("0::/shop.slice/aisle.service", "shop.slice/cpu.max"),
        ("0::/", "cpu.max"),
        ("5:cpuset:/\n4:cpu,cpuacct:/docker/1a2b\n0::/", "cpu/docker/1a2b/cpu.cfs_quota_us"),
        ("4:cpu,cpuacct:/docker/1a2b", "cpu/cpu.cfs_quota_us"),
    ],
)
def test_the_quotas_of_the_own_cgroup_and_of_those_above_count(tmp_path: Path, own: str, limited: str) -> None:
    (tmp_path / "own").write_text(own + "\n")
    file = tmp_path / "mount" / limited
    file.parent.mkdir(parents=True)
    file.write_text("100000 100000\n" if file.name == "cpu.max" else "100000\n")
    if file.name != "cpu.max":
        file.with_name("cpu.cfs_period_us").write_text("100000\n")
    assert available_cpus(tmp_path / "mount", tmp_path / "own") == 1
    file.unlink()
    assert available_cpus(tmp_path / "mount", tmp_path / "own") == ALLOWED
