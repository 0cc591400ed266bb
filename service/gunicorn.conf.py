# ruff: noqa: N999  # the name gunicorn's users know
"""How gunicorn runs the service: `gunicorn -c service/gunicorn.conf.py service.wsgi:app`."""

import gc
import importlib
import os
import shutil
import signal
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from service.standard_descriptors import hold_standard_descriptors
from service.threads import restrain_threads

hold_standard_descriptors()
restrain_threads()

from artifacts.core.machine_code import levels, machine_code  # noqa: E402
from artifacts.publishing.store import Store  # noqa: E402
from service.http.keys import KeysFileError, read_keys  # noqa: E402
from service.limits import KEEPALIVE_SECONDS, MAX_URL_BYTES  # noqa: E402
from service.master import excuse, outlive_failures, pause_after_failure, restart_as_started  # noqa: E402
from service.settings import (  # noqa: E402
    ADDRESS_CHECKED,
    RUN_DIRECTORY,
    Settings,
    SettingsError,
    exposed,
    read_settings,
)
from service.telemetry.gunicorn_log import STANDARD_ERROR  # noqa: E402
from service.telemetry.metrics_directory import (  # noqa: E402
    METRICS_DIRECTORIES,
    NoRoomError,
    forget_worker,
    joined,
    make_directories,
    metrics_directories,
    reserve,
    roomy_directory,
)
from service.welcome import welcome  # noqa: E402


def _settings() -> Settings:
    try:
        return read_settings(os.environ, started=_STARTED)
    except SettingsError as error:
        sys.exit(str(error))


def _working_directory(settings: Settings) -> Path:
    """In memory where there is any: what workers write all the time need not wait for a disk."""
    try:
        return roomy_directory(_ROOMS, settings.workers)
    except NoRoomError as error:
        if _STARTED:
            return _ROOMS[-1]
        sys.exit(str(SettingsError([str(error)])))


_STARTED = RUN_DIRECTORY in os.environ  # else it is a hang-up, and no reason to end
_ROOMS = (Path("/dev/shm"), Path(tempfile.gettempdir()))  # noqa: S108  # the first is never on a disk
_READ = _settings()
_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
_WORKING = _working_directory(_READ)

wsgi_app = "service.wsgi:app"
bind = f"[{_READ.host}]:{_READ.port}" if ":" in _READ.host else f"{_READ.host}:{_READ.port}"
workers = _READ.workers
threads = _READ.threads
worker_class = "service.worker.Worker"
worker_tmp_dir = str(_WORKING)
# FAISS and OpenMP hang after a fork that follows a search (faiss issue 5206): the master imports the code, but each
# worker makes the app and opens the model itself.
preload_app = False
keepalive = KEEPALIVE_SECONDS
graceful_timeout = 30  # seconds for the requests under way when a worker is told to stop
limit_request_line = MAX_URL_BYTES
forwarder_headers = ""  # or a local client could move the app to another path
control_socket_disable = True
logger_class = "service.telemetry.gunicorn_log.BufferedLogger"
accesslog = None  # service/telemetry/log.py writes a line a request


def on_starting(server: Any) -> None:
    """In the master, once, before it listens and forks."""
    problems = _problems(server)
    if problems:
        _refuse_to_start(problems)
    os.environ[ADDRESS_CHECKED] = "yes"
    _make_directories()
    _share_code()
    _stop_workers_from_their_fork_on()
    outlive_failures(server)
    restart_as_started(server)


def when_ready(server: Any) -> None:
    """In the master, once it listens."""
    _check_listeners(server)
    store = Store(_READ.artifacts_dir)
    if machine_code() is None and levels():
        slower = "answers are computed by NumPy, several times slower: run python -m artifacts compile"
        print(slower, file=STANDARD_ERROR)
    for listener in server.LISTENERS:
        if isinstance(listener.getsockname(), tuple):
            host, port = listener.getsockname()[:2]
            address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            print(welcome(address, store, _READ.api_keys_file is not None), file=STANDARD_ERROR)


def post_fork(server: Any, worker: Any) -> None:
    """In each worker, before it has the app."""
    excuse(server, worker)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(reserve(metrics_directories(os.environ), worker.pid))


def worker_exit(server: Any, worker: Any) -> None:
    """In each worker, when it ends."""
    pause_after_failure(worker)


def child_exit(server: Any, worker: Any) -> None:
    """In the master, when a worker is gone."""
    forget_worker(metrics_directories(os.environ), worker.pid)


def on_exit(server: Any) -> None:
    """In the master, when all workers are gone."""
    for directory in metrics_directories(os.environ):
        shutil.rmtree(directory, ignore_errors=True)


def _make_directories() -> None:
    """One in each room, the roomiest first: a worker takes the first that has room for it when it starts."""
    directories = make_directories(sorted(_ROOMS, key=lambda room: room != _WORKING))
    os.environ[METRICS_DIRECTORIES] = joined(directories)
    os.environ[RUN_DIRECTORY] = os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directories[0])


def _share_code() -> None:
    """Import the app before the workers are forked, which then share its memory and start at once.

    Importing is safe: what hangs after a fork are OpenMP's threads, and they start with the first search.
    """
    for name in ("service.app", "service.connections.loop"):
        importlib.import_module(name)  # only now: the metrics have to know their directory
    machine_code()
    forget_worker(metrics_directories(os.environ), os.getpid())  # which is no worker
    gc.collect()
    gc.freeze()  # or the workers' collectors would write to what they share


def _stop_workers_from_their_fork_on() -> None:
    """Let a worker that has no signal handlers yet end at once when it is told to stop.

    Or it would only note the signal down as gunicorn's master does, and that would wait for `graceful_timeout`.
    """
    hold = partial(signal.pthread_sigmask, signal.SIG_BLOCK, _STOPPING)
    release = partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, _STOPPING)

    def end_when_told() -> None:
        for number in _STOPPING:
            signal.signal(number, lambda *_: os._exit(0))
        release()

    os.register_at_fork(before=hold, after_in_parent=release, after_in_child=end_when_told)


def _check_listeners(server: Any) -> None:
    """End where one can be reached from elsewhere: a socket that was handed over is in no setting."""
    hosts = [name[0] for name in (listener.getsockname() for listener in server.LISTENERS) if isinstance(name, tuple)]
    problems = [exposed(host) for host in hosts if not _READ.may_listen_on(host)]
    if problems:
        on_exit(server)
        _refuse_to_start(problems)


def _refuse_to_start(problems: list[str]) -> NoReturn:
    """End, the reason being the last line of the log."""
    print(SettingsError(problems), file=STANDARD_ERROR)
    sys.exit(1)


def _problems(server: Any) -> list[str]:
    """What is wrong with how gunicorn was called: its own options may have overridden what is above."""
    addresses = [address for address in server.cfg.address if isinstance(address, tuple)]
    problems = [exposed(host) for host, _ in addresses if not _READ.may_listen_on(host)]
    if server.cfg.preload_app:
        problems.append("--preload cannot be used: each worker has to open the model itself")
    if server.cfg.is_ssl:
        problems.append("--certfile and --keyfile cannot be used: TLS is for the proxy in front")
    try:
        if _READ.api_keys_file is not None:
            read_keys(_READ.api_keys_file)
    except KeysFileError as error:
        problems.append(str(error))
    return problems
