"""Where things lie that tests look for."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
CASES = ROOT.parent / "shared" / "cases"
