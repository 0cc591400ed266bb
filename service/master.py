"""gunicorn's master, made to outlive what its workers meet: it ends when told to, or before it has started."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FAILED = 1  # any exit code that a master does not end for
PAUSE_SECONDS = 1.0  # before another worker is started in the place of one that could not


def outlive_failures(server: Any) -> None:
    """Have the master go on, and try again, where it cannot start a worker or read its configuration anew.

    By itself it ends: for want of a process id, a file descriptor or an inode, for a moment.
    """
    server.spawn_worker = _outlived(server, server.spawn_worker)
    server.reload = _outlived(server, server.reload)


def restart_as_started(server: Any) -> None:
    """Have SIGUSR2 start another master as this one was, where that was by `python -m gunicorn`.

    gunicorn would name its own file, and Python then looks for modules beside it: for `http` it finds gunicorn's.
    """
    arguments = server.START_CTX["args"]
    if Path(arguments[1]).name == "__main__.py":
        arguments[1:2] = ["-m", "gunicorn"]


def _outlived(server: Any, act: Callable[[], Any]) -> Callable[[], Any]:
    def act_and_go_on() -> Any:
        try:
            return act()
        except (Exception, SystemExit):
            if os.getpid() != server.pid:  # a worker, which this is the end of
                raise
            server.log.exception("%s failed: the master goes on", act.__name__)

    return act_and_go_on


def excuse(server: Any, worker: Any) -> None:
    """In a worker: where it cannot start, the master is to try another one. Of those that it starts with it learns
    whether it can serve at all."""
    if worker.age > server.cfg.workers:
        server.WORKER_BOOT_ERROR = server.APP_LOAD_ERROR = FAILED


def pause_after_failure(worker: Any) -> None:
    """In a worker that ends: where it could not start, neither will the next one at once."""
    if worker.pid == os.getpid() and not worker.booted:
        time.sleep(PAUSE_SECONDS)
