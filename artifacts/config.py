"""Where the store is: the one setting of this package."""

import os
from pathlib import Path

DEFAULT_DIRECTORY = Path(__file__).parent / "store"


def artifacts_dir() -> Path:
    """The store's directory: `ARTIFACTS_DIR`, or the package's own `store/` where that is unset or empty."""
    setting = os.environ.get("ARTIFACTS_DIR", "")
    return Path(setting).expanduser() if setting else DEFAULT_DIRECTORY
