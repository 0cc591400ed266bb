"""What several test modules share."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from artifacts.model.model import Model, open_model, save_model
from artifacts.publishing.manifest import Provenance
from artifacts.publishing.store import Store
from tests.support.gunicorn_service import Service, running
from tests.support.paths import ROOT
from tests.support.postgres import Server, running_server
from tests.support.shop import SAMPLE_LAST_DAY, publish_tiny_shop
from training.__main__ import SAMPLE_SEED
from training.config import Config, Data
from training.fitting.fit import fit, with_similar
from training.interactions.dataset import encode
from training.interactions.interactions import read_interactions
from training.sample_shop.shop import SampleShop, generate

# What `make test FAST=1` leaves out: whatever lies in these folders or needs one of these fixtures, and the tests that
# mark themselves because they start processes or train much.
INTEGRATION_FOLDERS = (ROOT / "tests" / "benchmarks", ROOT / "tests" / "end_to_end")
INTEGRATION_FIXTURES = {"service", "postgres_server", "sample_shop", "sample_model"}
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.integration)

# How long an example takes depends on what else the machine does.
settings.register_profile("shop", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=20)
settings.load_profile("shop")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if INTEGRATION_FIXTURES & set(getattr(item, "fixturenames", ())) or any(
            item.path.is_relative_to(folder) for folder in INTEGRATION_FOLDERS
        ):
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """An empty PostgreSQL server."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Server) -> str:
    """The PostgreSQL server's URL."""
    return postgres_server.url


@pytest.fixture(params=["sqlite", POSTGRESQL])
def live_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a live store can be made: a file that does not exist yet, or an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/live.db"
    server: Server = request.getfixturevalue("postgres_server")
    return server.create_database(f"live_{secrets.token_hex(8)}")


@pytest.fixture(scope="session")
def tiny_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with one version, trained on the tiny shop; not to be changed."""
    return publish_tiny_shop(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def service(tiny_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service over the tiny shop, with two workers, a live store and no keys."""
    directory = tmp_path_factory.mktemp("service")
    with running(tiny_store.root, directory, WORKERS="2", LIVE_URL=f"sqlite:///{directory}/live.db") as service:
        yield service


@pytest.fixture(scope="session")
def sample_shop(tmp_path_factory: pytest.TempPathFactory) -> SampleShop:
    """The bundled sample shop as `make train` generates it, ended on a fixed day; not to be changed."""
    return generate(SAMPLE_SEED, tmp_path_factory.mktemp("sample") / "shop", SAMPLE_LAST_DAY)


@pytest.fixture(scope="session")
def sample_model(sample_shop: SampleShop, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The model of the sample shop under the default configuration, fitted as a run does, but not evaluated."""
    config = Config(data=Data(source=str(sample_shop.purchases), catalogue=str(sample_shop.catalogue)))
    interactions = read_interactions(config, progress=False)
    dataset = encode(interactions.frame, interactions.catalogue["item_id"], config.purchase_event)
    store = Store(tmp_path_factory.mktemp("sample") / "store")
    with store.draft() as draft:
        fitted = fit(dataset, interactions.catalogue, config.model, show_progress=False)
        save_model(draft, with_similar(fitted, show_progress=False))
        store.publish(draft, Provenance(created="2025-07-01T00:00:00+00:00"))
    return open_model(store.current_path())
