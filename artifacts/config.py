"""Where the store is: the one setting of this package."""

from collections.abc import Mapping
from pathlib import Path

DEFAULT_DIRECTORY = Path(__file__).parent / "store"


def artifacts_dir(environ: Mapping[str, str]) -> Path:
    """The store's directory: `ARTIFACTS_DIR`, or the package's own `store/` where that is unset or empty."""
    setting = environ.get("ARTIFACTS_DIR", "")
    return Path(setting).expanduser() if setting else DEFAULT_DIRECTORY
