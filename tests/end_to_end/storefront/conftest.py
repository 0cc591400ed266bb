"""A shop whose ids hold all that is awkward in a path, served by gunicorn behind nginx with a path before it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest

from artifacts.publishing.store import Store
from service.http.keys import Scope, create_key
from tests.support.gunicorn_service import Reply, Service, running
from tests.support.nginx import PREFIX, before
from tests.support.shop import write_tiny_shop
from training.job import train

# Those that the tiny shop sells together come first; so do those that the views below are of.
ODD_IDS = {
    "I000": "A/1",
    "I002": "100% wool",
    "I004": "é漢 🛒",
    "I006": "a+b?x=1#y&z",
    "I008": "%2F",
    "I001": "a//b/../c",
}
VIEWERS, OTHERS = 6, 12


@dataclass(frozen=True)
class Behind(Service):
    """The service as a storefront reaches it: below a path of the proxy's, with a key."""

    key: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    def ask(self, method: str, target: str, body: object = None, headers: Mapping[str, str] | None = None) -> Reply:
        return super().ask(method, PREFIX + target, body, {"Authorization": f"Bearer {self.key}", **(headers or {})})


@pytest.fixture(scope="session")
def odd_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A version of the tiny shop with other ids, and with views: who looks at A/1 looks at %2F on the same day."""
    directory = tmp_path_factory.mktemp("odd")
    config = write_tiny_shop(directory / "shop")
    ids = pl.col("item_id").replace(ODD_IDS)
    purchases, catalogue = (directory / "shop" / f"{name}.parquet" for name in ("purchases", "catalogue"))
    bought = pl.read_parquet(purchases).with_columns(ids, event=pl.lit("purchase"))
    last = bought["time"].max()
    rows = [
        (f"u{user}", item, last, f"visit-{user}", None, "view")
        for user, pair in [
            *((user, ("A/1", "%2F")) for user in range(VIEWERS)),
            *((VIEWERS + user, ("I010", "I012")) for user in range(OTHERS)),
        ]
        for item in pair
    ]
    pl.concat([bought, pl.DataFrame(rows, bought.schema, orient="row")]).write_parquet(purchases)
    pl.read_parquet(catalogue).with_columns(ids).write_parquet(catalogue)
    store = Store(directory / "store")
    train(config, store, show_progress=False)
    return store


@pytest.fixture(scope="session")
def storefront(odd_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """The service behind nginx, with a key for everything."""
    directory = tmp_path_factory.mktemp("storefront")
    keys = directory / "keys.json"
    settings: dict[str, Any] = {"API_KEYS_FILE": str(keys), "LIVE_URL": f"sqlite:///{directory}/live.db"}
    key = create_key(keys, "storefront", frozenset(Scope))
    with running(odd_store.root, directory, **settings) as service, before(service.port, directory) as port:
        yield Behind(port, service.pid, service.out, service.err, key)
