"""What the person who starts the service sees: its address, and three requests to try with ids that exist."""

from pathlib import Path
from urllib.parse import quote

import numpy as np

from artifacts.errors import ArtifactError
from artifacts.model.arrays import open_array, open_arrays
from artifacts.model.ids import IdTable
from artifacts.publishing.store import Store

NOTHING_PUBLISHED = "No version is published yet: `make train` makes one, and it is served within seconds."


def welcome(address: str, store: Store, keys_needed: bool) -> str:
    """Text for the terminal. `address` is `host:port`, as gunicorn listens on it."""
    base = f"http://{address.replace('0.0.0.0', '127.0.0.1')}"  # noqa: S104  # an address to call, not to listen on
    lines = [f"Aisle answers at {base}, its documentation is at {base}/docs."]
    try:
        lines += ["Try:", *_requests(base, store.current_path(), keys_needed)]
    except (ArtifactError, OSError, ValueError):
        lines.append(NOTHING_PUBLISHED)
    return "\n".join(lines)


def _requests(base: str, version: Path, keys_needed: bool) -> list[str]:
    """For the user with the longest history and for the item that sells best."""
    entries = np.diff(open_array(version / "history.indptr.npy"))
    user_id = quote(open_arrays(version, "users.ids", IdTable)[int(entries.argmax())], safe="")
    item_id = quote(
        open_arrays(version, "items.ids", IdTable)[int(open_array(version / "popularity.order.npy")[0])], safe=""
    )
    curl = 'curl -H "Authorization: Bearer $KEY"' if keys_needed else "curl"
    paths = (
        f"/v1/users/{user_id}/recommendations?limit=3",
        f"/v1/items/{item_id}/cross-sell?limit=3&explain=true",
        f"/v1/users/{user_id}/recommendations?repeat=only",
    )
    return [f"  {curl} '{base}{path}'" for path in paths]
