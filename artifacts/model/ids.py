"""Columns of text in two plain arrays, so that a million ids cost no Python object until one is asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from operator import lt

import numpy as np
import numpy.typing as npt

UNKNOWN = -1


@dataclass(frozen=True)
class TextColumn:
    """n texts: `data` (n_bytes,) uint8 holds them in UTF-8 end to end, `offsets` (n + 1,) int64 where each starts."""

    offsets: npt.NDArray[np.int64]
    data: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def encoded(self, index: int) -> bytes:
        offsets, data = self._views
        return bytes(data[offsets[index] : offsets[index + 1]])

    @cached_property
    def _views(self) -> tuple[memoryview, memoryview]:
        """The same offsets and bytes, three times as fast to look into as arrays."""
        return self.offsets.data, self.data.data

    def __getitem__(self, index: int) -> str:
        return self.encoded(index).decode()


@dataclass(frozen=True)
class IdTable(TextColumn):
    """Distinct ids in ascending order of their UTF-8 bytes; an id's position is its index everywhere else."""

    def find(self, text: str) -> int:
        """The index of an id, or UNKNOWN (-1)."""
        target = text.encode("utf-8", "surrogatepass")
        place = self._place(target)
        return place if place < len(self) and self.encoded(place) == target else UNKNOWN

    def after(self, text: str) -> int:
        """The index of the first id behind a text, which need not be an id; their number where there is none."""
        target = text.encode("utf-8", "surrogatepass")
        place = self._place(target)
        return place + (place < len(self) and self.encoded(place) == target)

    def _place(self, target: bytes) -> int:
        """How many ids are before a text in UTF-8."""
        offsets, data = self._views
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if bytes(data[offsets[middle] : offsets[middle + 1]]) < target:
                low = middle + 1
            else:
                high = middle
        return low


def encode_texts(texts: Iterable[str | None]) -> TextColumn:
    """Pack texts into a column; None becomes the empty text."""
    return TextColumn(*_pack([(text or "").encode() for text in texts]))


def encode_ids(ids: Iterable[str]) -> IdTable:
    """Pack distinct ids that are already in ascending order of their UTF-8 bytes; ValueError where they are not."""
    encoded = [text.encode() for text in ids]
    if not all(map(lt, encoded, encoded[1:])):
        later = next(later for earlier, later in pairwise(encoded) if later <= earlier)
        raise ValueError(f"ids are not distinct and ascending at {later.decode()!r}")
    return IdTable(*_pack(encoded))


def _pack(encoded: list[bytes]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), out=offsets[1:])
    return offsets, np.frombuffer(b"".join(encoded), np.uint8)
