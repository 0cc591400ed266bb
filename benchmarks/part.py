"""What a benchmark is: a part of `make bench` that measures shops of given sizes and answers rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.table import Row


@dataclass(frozen=True)
class Bench:
    """What a part measures with.

    `rounds` is how often each thing is measured, alternating with what it is compared with; `directory` keeps what is
    made once and used again, as shops; `data` and `config` are what the shop S is trained on, the sample shop without;
    `store` is a store to take S from instead.
    """

    rounds: int
    directory: Path
    data: str | None = None
    config: Path | None = None
    store: Path | None = None


@dataclass(frozen=True)
class Part:
    """`measure(bench, size)` answers rows as they are found; `sizes` are the shops it can be asked for.

    `serves` tells whether it asks a published version, which is then described beside the results.
    """

    name: str
    about: str
    sizes: tuple[str, ...]
    measure: Callable[[Bench, str], Iterator[Row]]
    serves: bool = True


class BenchError(Exception):
    """Why something cannot be measured: a program that is missing, an answer that is wrong."""
