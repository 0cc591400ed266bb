"""The categories of a catalogue: names, paths of them (A > B > C), and several of either (A|B)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from artifacts.model.ids import IdTable

LEVEL, SEVERAL = ">", "|"


@dataclass(frozen=True)
class CategoryTable(IdTable):
    """The distinct texts that items have for their category; each is one category, or several with their levels."""

    def within(self, name: str) -> npt.NDArray[np.int32]:
        """The indexes of the texts that are this category or have it as a level, ascending; none if nothing is."""
        return self._by_name.get(name, NOTHING)

    @property
    def names(self) -> list[str]:
        """Every name that something is within, in no order."""
        return list(self._by_name)

    @cached_property
    def _by_name(self) -> dict[str, npt.NDArray[np.int32]]:
        found: dict[str, list[int]] = {}
        for index in range(len(self)):
            for name in names_of(self[index]):
                found.setdefault(name, []).append(index)
        return {name: np.array(indexes, np.int32) for name, indexes in found.items()}


NOTHING = np.empty(0, np.int32)


def as_categories(table: IdTable) -> CategoryTable:
    """The same texts as a table of categories."""
    return CategoryTable(table.offsets, table.data)


def paths_of(text: str) -> list[list[str]]:
    """The categories that a text names, each as its levels, the widest first."""
    paths = [[level.strip() for level in path.split(LEVEL)] for path in text.split(SEVERAL)]
    return [levels for path in paths if (levels := [level for level in path if level])]


def names_of(text: str) -> set[str]:
    """All that an item of this category text is in: the text itself, each category of several, each level of a path,
    and the path up to it, with " > " between levels."""
    names = {text}
    for path in text.split(SEVERAL):
        levels = [level.strip() for level in path.split(LEVEL)]
        names |= {path.strip(), *levels, *(f" {LEVEL} ".join(levels[:end]) for end in range(2, len(levels) + 1))}
    return names - {""}
