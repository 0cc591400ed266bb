"""The machine a figure was measured on."""

import platform
from importlib.metadata import version
from pathlib import Path

from artifacts.cpus import available_cpus

LIBRARIES = ("faiss-cpu", "flask", "gunicorn", "implicit", "numpy", "werkzeug")


def describe_machine() -> dict[str, object]:
    """Processor, cores, memory in GiB, Python and libraries: no name, no address."""
    return {
        "processor": _first("/proc/cpuinfo", "model name"),
        "cores": available_cpus(),
        "memory_gib": round(int(_first("/proc/meminfo", "MemTotal").split()[0]) / 2**20, 1),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _first(path: str, key: str) -> str:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "0")
