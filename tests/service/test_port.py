import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from service.port import problem
from tests.support.paths import ROOT


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that something else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", ""])
def test_a_taken_port_is_named_and_one_that_is_free(taken: int, host: str) -> None:
    said = problem({"HOST": host, "PORT": str(taken)}, "make run")
    found = re.fullmatch(
        rf"port {taken} of {host or '127.0.0.1'} is taken by another program; choose another: make run PORT=(\d+)",
        said or "",
    )
    assert found is not None, said
    assert problem({"HOST": host, "PORT": found[1]}, "make run") is None


def test_a_port_of_another_address_is_free(taken: int) -> None:
    assert problem({"HOST": "127.0.0.2", "PORT": str(taken)}, "make run") is None


def test_a_port_that_was_just_served_on_is_free() -> None:
    """As it is for gunicorn: connections that linger keep nobody from listening."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        connection, _ = server.accept()
    connection.close()  # first, so that its end is the one that lingers
    client.close()
    assert problem({"PORT": str(port)}, "make run") is None


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"PORT": "0"}, None),
        ({"PORT": "eighty"}, "PORT='eighty' is not a whole number from 0 to 65535"),
        ({"PORT": "65536"}, "PORT='65536' is not a whole number from 0 to 65535"),
        ({"PORT": "0", "HOST": "192.0.2.1"}, "HOST='192.0.2.1' is no address of this machine: Cannot assign"),
    ],
)
def test_other_settings(environ: dict[str, str], said: str | None) -> None:
    found = problem(environ, "make run")
    assert found is None if said is None else found is not None and found.startswith(said)


def test_it_needs_nothing_installed(taken: int) -> None:
    bare = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        "import sys, runpy; sys.path.insert(0, '.'); sys.argv[1:] = ['make', 'serve']"
        "; runpy.run_module('service.port', run_name='__main__')",
    ]
    done = subprocess.run(bare, cwd=ROOT, env={"PORT": str(taken)}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"port {taken} of 127.0.0.1 is taken by another program; choose another: make serve PORT="
    )
