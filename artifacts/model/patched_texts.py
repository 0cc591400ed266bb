"""A column of texts some of which have changed, without a copy of the rest."""

from collections.abc import Mapping
from dataclasses import dataclass

from artifacts.model.ids import TextColumn


@dataclass(frozen=True)
class PatchedTexts(TextColumn):
    """A column of texts some of which are other ones by now: `patches` holds these in UTF-8, by their place."""

    patches: Mapping[int, bytes]

    def encoded(self, index: int) -> bytes:
        patch = self.patches.get(index)
        return super().encoded(index) if patch is None else patch


def patch_texts(column: TextColumn, patches: Mapping[int, bytes]) -> TextColumn:
    """The column with other texts (UTF-8) at some places, which go before those it had there."""
    before = column.patches if isinstance(column, PatchedTexts) else {}
    return PatchedTexts(column.offsets, column.data, {**before, **patches})
