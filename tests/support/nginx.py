"""Debian's nginx with the project's example of a configuration, as it stands but for the ports."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.gunicorn_service import DEADLINE_SECONDS, wait_for
from tests.support.missing import without
from tests.support.paths import ROOT
from tests.support.walk import free_port

EXAMPLE = ROOT / "examples" / "nginx.conf"
PREFIX = "/recs"
# What Debian's own nginx.conf has around what it includes, in a folder of the test's.
AROUND = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/aisle.conf;
}}
"""


@contextmanager
def before(service_port: int, directory: Path) -> Iterator[int]:
    """nginx before a service; answers the port it listens on."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        without("nginx is not installed")
    port = free_port()
    (directory / "aisle.conf").write_text(_with_ports(EXAMPLE.read_text(), port, service_port))
    configuration = directory / "nginx.conf"
    configuration.write_text(AROUND.format(directory=directory))
    process = subprocess.Popen([program, "-e", f"{directory}/error.log", "-c", str(configuration)])
    try:
        wait_for(lambda: process.poll() is not None or _listens(port))
        assert process.poll() is None, (directory / "error.log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(DEADLINE_SECONDS)


def _with_ports(text: str, port: int, service_port: int) -> str:
    text, listening = re.subn(r"listen 8080;", f"listen 127.0.0.1:{port};", text)
    text, behind = re.subn(r"server 127\.0\.0\.1:8000;", f"server 127.0.0.1:{service_port};", text)
    assert (listening, behind) == (1, 1)
    return text


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0
