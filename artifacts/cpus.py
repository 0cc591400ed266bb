"""How many processors this process may use, which inside a container is not what the machine has."""

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def available_cpus(cgroup: Path = CGROUP) -> int:
    """Whole processors, at least 1: those this process may be scheduled on, within the cgroup's CPU quota."""
    return max(1, min(len(os.sched_getaffinity(0)), _quota(cgroup)))


def _quota(cgroup: Path) -> int:
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        quota, period = _quota_of_version_1(cgroup)
    if not quota.isdigit() or not int(period):
        return len(os.sched_getaffinity(0))
    return math.ceil(int(quota) / int(period))


def _quota_of_version_1(cgroup: Path) -> tuple[str, str]:
    try:
        quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
        period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text().strip()
    except OSError:
        return "max", "1"
    return quota, period
