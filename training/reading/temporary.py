"""A copy of what was read, in another form, for a reader that needs a file."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from artifacts.publishing.disk import writing_to


@contextmanager
def temporary_copy(write: Callable[[TextIO], None]) -> Iterator[str]:
    """The path of a file in the temporary directory, in UTF-8 with line feeds, that `write` has written.

    Raises DiskFullError where there is no room for it, and what `write` raises.
    """
    descriptor, name = tempfile.mkstemp(prefix="aisle-")
    os.close(descriptor)
    path = Path(name)
    try:
        with writing_to(path), path.open("w", encoding="utf-8", newline="\n") as copy:
            write(copy)
        yield name
    finally:
        path.unlink()
