"""What a manifest says of where a version comes from."""

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version

import pytest

from tests.support.paths import ROOT
from training.provenance import LIBRARIES, describe_libraries

# A run has all libraries loaded.
PROGRAM = """
import json
import training.job
from training.provenance import describe_libraries
print(json.dumps(describe_libraries()))
"""


def with_kernel(name: str) -> dict[str, str]:
    """What a process says that is told to compute with a kernel of OpenBLAS."""
    environ = {**os.environ, "OPENBLAS_CORETYPE": name}
    command = [sys.executable, "-c", PROGRAM]
    run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    return dict(json.loads(run.stdout))


def test_libraries_are_named_with_their_versions() -> None:
    found = describe_libraries()
    assert {name: found[name] for name in LIBRARIES} == {name: version(name) for name in LIBRARIES}


@pytest.mark.integration
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the kernels are those of x86-64")
def test_the_kernels_are_named_by_which_two_machines_round_otherwise() -> None:
    one, other = with_kernel("Haswell"), with_kernel("Nehalem")
    assert {name for name in one if one[name] != other[name]} >= {"openblas of numpy", "openblas of scipy"}
    assert one["openblas of numpy"].endswith(" Haswell")
    assert other["openblas of scipy"].endswith(" Nehalem")
