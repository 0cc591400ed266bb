"""The steps as machine code: compiled by Numba and LLVM, once for each level of processor."""

import os
import re
from pathlib import Path

import llvmlite.binding as llvm

from artifacts.core.machine_code import ENTRY, code_path, levels


def build() -> list[Path]:
    """Compile what is not compiled yet for this kind of machine; all the files.

    They say nothing of the processor that compiled them, so that an image built on one serves on any other. Raises
    OSError where they cannot be written.
    """
    paths = {level: code_path(level) for level in levels()}
    missing = {level: path for level, path in paths.items() if not path.exists()}
    if missing:
        text = _intermediate()
        for level, path in missing.items():
            path.parent.mkdir(exist_ok=True)
            _write(path, _machine_code(text, level))
    return list(paths.values())


def _write(path: Path, code: bytes) -> None:
    """All at once: others may compile the same, and load it, at this moment. What was compiled of other steps goes."""
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(code)
    draft.replace(path)
    level = path.name.split("-", 2)[2]
    for other in path.parent.glob("steps-*.o"):
        if other != path and other.name.split("-", 2)[2] == level:
            other.unlink(missing_ok=True)


def _intermediate() -> str:
    """The steps in LLVM's language, of which only the entry can be seen from outside."""
    # Numba looks at these when it is imported: LLVM optimises all steps together, below.
    os.environ.update(NUMBA_OPT="0", NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="")
    from artifacts.core.steps.entry import compile_entry  # noqa: PLC0415

    name, text = compile_entry()
    text = re.sub(r"^define (?:linkonce_odr |internal )?", "define internal ", text, flags=re.MULTILINE)
    return text.replace(f"define internal i32 @{name}(", f"define i32 @{name}(").replace(f"@{name}(", f"@{ENTRY}(")


def _machine_code(text: str, level: str) -> bytes:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=level, opt=3, reloc="pic", codemodel="default"
    )
    module = llvm.parse_assembly(text)
    module.verify()
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.slp_vectorization = True
    llvm.create_pass_builder(machine, tuning).getModulePassManager().run(
        module, llvm.create_pass_builder(machine, tuning)
    )
    return bytes(machine.emit_object(module))
