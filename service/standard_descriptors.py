"""The descriptors that lines are written to."""

import os

_STDERR = 2


def hold_standard_descriptors() -> None:
    """Open those of standard input, output and error that a process was started without.

    Before it opens anything else: a file, or a client's socket, would get their numbers, and the log's lines.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
