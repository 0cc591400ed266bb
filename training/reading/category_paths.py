"""An item's categories as the shop systems write them, as one text: paths by " > ", several of them by "|"."""

import polars as pl

LEVELS, SEVERAL = " > ", "|"
ESCAPED = "\x00"  # in place of a mark that belongs to a name


def join_paths(texts: pl.Series, levels: str, several: str | None, *, skip_root: bool) -> pl.Series:
    """Texts (String) with `levels` between a category and the one in it and `several` between categories, rewritten.

    A backslash before a mark makes it part of the name. A category that holds another one of the item's goes without
    saying. `skip_root` leaves out the first level, the shop's own; an item only in it has none.
    """
    distinct = texts.drop_nulls().unique()
    if distinct.is_empty():
        return texts
    joined = {text: _join(text, levels, several, skip_root=skip_root) for text in distinct}
    return texts.replace_strict(joined, return_dtype=pl.String)


def _join(text: str, levels: str, several: str | None, *, skip_root: bool) -> str | None:
    paths = [_path(one, levels)[skip_root:] for one in (_split(text, several) if several else [text])]
    innermost = [
        path
        for path in dict.fromkeys(paths)
        if path and not any(path == other[: len(path)] for other in paths if other != path)
    ]
    return SEVERAL.join(LEVELS.join(path) for path in innermost) or None


def _path(text: str, levels: str) -> tuple[str, ...]:
    return tuple(name for part in _split(text, levels) if (name := part.strip()))


def _split(text: str, mark: str) -> list[str]:
    return [part.replace(ESCAPED, mark) for part in text.replace(f"\\{mark}", ESCAPED).split(mark)]
