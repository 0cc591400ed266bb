"""What was measured, on disk: a JSON file for each part and shop, and the table of all of them."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from benchmarks.table import Row, Target, render

RESULTS = Path(__file__).parent / "results"
TABLE = "table.md"


def save(directory: Path, rows: Sequence[Row], commit: str | None, shop: Mapping[str, object] | None) -> None:
    """Write the rows of a part and a shop, at least one, as `<part>-<size>.json`, with the machine, the commit and what
    is known of the shop; and the table anew."""
    directory.mkdir(parents=True, exist_ok=True)
    found = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "machine": describe_machine(),
        "shop": shop,
        "rows": [asdict(row) for row in rows],
    }
    (directory / f"{rows[0].part}-{rows[0].size}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (directory / TABLE).write_text(render_all(directory), encoding="utf-8")


def render_all(directory: Path) -> str:
    """Everything that was measured, whenever that was, as one markdown page."""
    paths = sorted(directory.glob("*.json"))
    measured = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    rows = [_row(row) for found in measured for row in found["rows"]]
    return "\n".join(
        ["# What `make bench` measured", "", *_machines(measured), *_shops(paths, measured), "", render(rows)]
    )


def _machines(measured: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = (_machine(found["machine"]) for found in measured)
    return [f"- Machine: {line}" for line in dict.fromkeys(lines)]


def _machine(machine: Mapping[str, Any]) -> str:
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    memory = f"{machine['memory_gib']} GiB"
    return f"{machine['processor']}, {machine['cores']} processors, {memory}; Python {machine['python']}, {libraries}"


def _shops(paths: Sequence[Path], measured: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"- {path.stem}: {found['measured'][:16]}, commit {(found['commit'] or 'unknown')[:8]}{_shop(found['shop'])}"
        for path, found in zip(paths, measured, strict=True)
    ]


def _shop(shop: Mapping[str, Any] | None) -> str:
    if shop is None:
        return ""
    counts = (f"{shop[name]:,} {name}" for name in ("users", "items", "interactions", "factors"))
    return f"; {shop['source']}: {', '.join(counts)}"


def _row(saved: Mapping[str, Any]) -> Row:
    target = saved["target"] and Target(**saved["target"])
    known = {**saved, "values": tuple(saved["values"]), "against": tuple(saved["against"]), "target": target}
    return Row(**known)


def current_commit() -> str | None:
    """The commit of what is measured; None outside a checkout."""
    command = ["git", "rev-parse", "HEAD"]
    done = subprocess.run(command, cwd=RESULTS.parent, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() or None
