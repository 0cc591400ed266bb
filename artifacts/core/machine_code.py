"""The compiled steps, loaded: LLVM puts them into memory, and ctypes calls them. Nothing is compiled here."""

import ctypes
import hashlib
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

from artifacts.model.inner_products import adds_up_in_lanes

ENTRY = "aisle_answer"
NUMPY = "numpy"
HERE = Path(__file__).parent
CONSTANTS = (
    "core/question.py",
    "core/tables.py",
    "model/exact_search.py",
    "model/half_lives.py",
    "model/inner_products.py",
    "model/quickscorer.py",
    "queries/candidates.py",
    "queries/ranker_features.py",
)
# By kind of machine the levels of its processors, best first, with what a processor must have for each: x86-64-v3 is
# what came with AVX2.
LEVELS: dict[str, dict[str, tuple[str, ...]]] = {
    "x86_64": {"x86-64-v3": ("avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"), "x86-64": ()},
    "aarch64": {"generic": ()},
}
# (where the count goes, where an error would go, model table, question) -> a status, 0 for success. ctypes keeps the
# interpreter's lock while it calls a PYFUNCTYPE.
_ENTRY_TYPE = ctypes.PYFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


def _source_hash() -> str:
    """What the machine code follows from: the steps, and where their constants are."""
    digest = hashlib.sha256()
    for path in [*sorted(HERE.glob("steps/*.py")), *(HERE.parent / name for name in CONSTANTS)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


# At import, so that it is these very tables that the machine code was compiled with.
SOURCES = _source_hash()


@dataclass(frozen=True)
class MachineCode:
    """The `entry` into what was compiled for a `level` of processor; `engine` owns the memory it lies in."""

    level: str
    entry: Any
    engine: llvm.ExecutionEngine


def levels() -> dict[str, tuple[str, ...]]:
    """The levels of this kind of machine, best first, each with the features it takes; none for a kind that is not
    known."""
    return LEVELS.get(platform.machine(), {}) if platform.system() == "Linux" else {}


def code_path(level: str) -> Path:
    """Where the machine code of a level lies: beside Python's own compiled code, and named after its sources."""
    return HERE / "__pycache__" / f"steps-{SOURCES}-{level}.o"


@cache
def machine_code() -> MachineCode | None:
    """What is compiled for this processor, loaded once; None where nothing is, or NumPy adds up in another order."""
    features = llvm.get_host_cpu_features()
    for level, needed in levels().items() if adds_up_in_lanes() else ():
        if all(features.get(feature) for feature in needed) and code_path(level).exists():
            return _load(level)
    return None


def processor_level() -> str:
    """The level of processor that the steps run for, NUMPY where it is the queries that answer."""
    code = machine_code()
    return NUMPY if code is None else code.level


def _load(level: str) -> MachineCode:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    engine = llvm.create_mcjit_compiler(
        llvm.parse_assembly(""), llvm.Target.from_default_triple().create_target_machine()
    )
    engine.add_object_file(llvm.ObjectFileRef.from_path(str(code_path(level))))
    engine.finalize_object()
    return MachineCode(level, _ENTRY_TYPE(engine.get_function_address(ENTRY)), engine)
