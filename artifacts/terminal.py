"""What a command prints, on whatever terminal."""

import io
import sys


def escape_unprintable() -> None:
    """From now on a character that standard output cannot show, in a path or an id, is printed as its code: it is no
    reason to end with an error after the work is done."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
