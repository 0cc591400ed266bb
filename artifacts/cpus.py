"""How many processors this process may use, which inside a container is not what the machine has."""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")


def available_cpus(cgroups: Path = CGROUPS, own: Path = OWN_CGROUPS) -> int:
    """Whole processors, at least 1: those this process may be scheduled on, within the CPU quotas of its cgroups.

    `cgroups` is where they are mounted, as versions 1 and 2 do it, and `own` tells which ones the process is in: inside
    a container that is the mount itself, under systemd one below it, and those above count too.
    """
    quotas = [_quota(directory) for group in _groups(own) for directory in (cgroups / group, cgroups / "cpu" / group)]
    return int(max(1, min(len(os.sched_getaffinity(0)), *quotas)))


def _groups(own: Path) -> Iterator[PurePosixPath]:
    """Paths below the mount: of the mount itself, of the process's own cgroups, and of all above these."""
    yield PurePosixPath()
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        group = PurePosixPath(line.split(":", 2)[2].lstrip("/"))
        yield group
        yield from group.parents


def _quota(directory: Path) -> float:
    """A cgroup's quota in whole processors, rounded up; infinite where there is none."""
    quota, period = _version_2(directory) or _version_1(directory)
    return math.ceil(int(quota) / int(period)) if quota.isdigit() and int(period) else math.inf


def _version_2(directory: Path) -> list[str] | None:
    try:
        return (directory / "cpu.max").read_text().split()
    except OSError:
        return None


def _version_1(directory: Path) -> list[str]:
    try:
        return [(directory / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period")]
    except OSError:
        return ["max", "1"]
