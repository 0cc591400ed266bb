"""What every benchmark answers with, rows of measurements, and the one table they are shown in."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

HEADER = ("part", "shop", "measured", "min", "median", "max", "target", "", "ours", "against")


@dataclass(frozen=True)
class Target:
    """What a row's median should be: at most (`<=`) or at least (`>=`) `bound`."""

    relation: str
    bound: float

    def met_by(self, figure: float) -> bool:
        return figure <= self.bound if self.relation == "<=" else figure >= self.bound

    def __str__(self) -> str:
        return f"{self.relation} {self.bound:g}"


def at_most(bound: float) -> Target:
    """A target that larger figures miss."""
    return Target("<=", bound)


def at_least(bound: float) -> Target:
    """A target that smaller figures miss."""
    return Target(">=", bound)


@dataclass(frozen=True)
class Row:
    """One thing measured, round by round.

    `values` are ours, one a round, in `unit`. `against` are the floor's or a peer's, measured in the same rounds: the
    figure shown is then their ratio; where it is empty, the value itself. `part` and `size` name the benchmark and
    the shop, `name` what is measured and against what.
    """

    part: str
    size: str
    name: str
    unit: str
    values: tuple[float, ...]
    against: tuple[float, ...] = ()
    target: Target | None = None

    @property
    def figures(self) -> tuple[float, ...]:
        """What is shown of each round: the ratio to `against`, or the value."""
        if not self.against:
            return self.values
        return tuple(ours / theirs for ours, theirs in zip(self.values, self.against, strict=True))


def render(rows: Iterable[Row]) -> str:
    """The rows as a markdown table, padded so that it reads as plain text too."""
    cells = [HEADER, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADER))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    figures = row.figures
    unit = "" if row.against else f" {row.unit}"
    return (
        row.part,
        row.size,
        row.name,
        *(_number(figure) + unit for figure in (min(figures), median(figures), max(figures))),
        str(row.target or ""),
        _verdict(row),
        f"{_number(median(row.values))} {row.unit}" if row.against else "",
        f"{_number(median(row.against))} {row.unit}" if row.against else "",
    )


def _verdict(row: Row) -> str:
    if row.target is None:
        return ""
    return "met" if row.target.met_by(median(row.figures)) else "MISSED"


def _number(value: float) -> str:
    """Three digits that count, as many as a figure of this kind is worth."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:#.3g}" if value else "0"
