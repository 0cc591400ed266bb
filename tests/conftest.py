"""What several test modules share."""

import os
from collections.abc import Iterator

import postgres
import pytest
import shop
from gunicorn_service import Service, running
from hypothesis import settings

from artifacts.store import Store

# How long an example takes depends on what else the machine does.
settings.register_profile("shop", deadline=None)
settings.load_profile("shop")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL server's URL. Without PostgreSQL installed: skipped, but a failure where CI is set."""
    bin_dir = postgres.binaries()
    if bin_dir is None:
        problem = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
        pytest.fail(problem) if os.environ.get("CI") else pytest.skip(problem)
    with postgres.running_server(bin_dir) as url:
        yield url


@pytest.fixture(scope="session")
def tiny_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with one version, trained on the tiny shop; not to be changed."""
    return shop.publish_tiny_shop(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def service(tiny_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service over the tiny shop, with two workers and no keys."""
    with running(tiny_store.root, tmp_path_factory.mktemp("service"), WORKERS="2") as service:
        yield service
