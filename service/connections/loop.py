"""A worker at work: threads that wait for all connections together, and one that looks after deadlines."""

import os
import select
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

from service.connections.deadlines import is_due
from service.connections.departures import Departures
from service.connections.descriptors import connection_limit, descriptors, open_descriptors
from service.connections.doors import Doors
from service.connections.exchange import Exchange
from service.connections.poller import Poller
from service.connections.shares import Share
from service.connections.traffic import Traffic
from service.limits import HEAD_SECONDS, STOP_SECONDS
from service.telemetry.log import write_line

_TICK_SECONDS = 1.0
_STOPPING_TICK_SECONDS = 0.1


class Loop:
    """One process: its first thread looks after deadlines and the master, the others answer.

    `worker` is gunicorn's: its configuration, its listeners, the app, and whether it is to go on.
    """

    def __init__(self, worker: Any, share: Share) -> None:
        self._worker, config = worker, worker.cfg
        self._threads = config.threads
        self._idle_seconds = config.keepalive or HEAD_SECONDS
        self._poller = Poller()
        self._exchange = Exchange(worker.wsgi, config, worker.log)
        self._departures = Departures(self._poller, self._idle_seconds, self._closed)
        self._traffic = Traffic(config, self._exchange, self._poller, self._departures, self._wake)
        limit = connection_limit(config.worker_connections, descriptors(), open_descriptors(), config.threads)
        self._doors = Doors(worker.sockets, self._poller, limit, share, self._wake)

    def run(self) -> None:
        """Answer until told to stop, and then what is under way for `graceful_timeout` seconds."""
        threads = self._start()
        self._watch()
        self._finish()
        self._stop(threads)

    def _start(self) -> Sequence[threading.Thread]:
        self._doors.open()
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(self._threads)]
        for thread in threads:
            thread.start()
        return threads

    def _work(self) -> None:
        """One thread's life."""
        while (fd := self._poller.wait()) is not None:
            try:
                self._serve(fd)
            except Exception as error:  # none is known, but the thread has to live on
                write_line(event="broken", traceback="".join(traceback.format_exception(error)))

    def _serve(self, fd: int) -> None:
        if fd in self._doors:
            for new in self._doors.accept(fd):
                self._departures.idle(new)
        elif (connection := self._poller.take(fd)) is not None:
            self._traffic.go_on(connection)

    def _watch(self) -> None:
        """Look after deadlines while the worker is to go on."""
        next_tick = 0.0
        while self._worker.alive and self._worker.ppid == os.getppid():
            now = monotonic()
            if now >= next_tick:
                next_tick = now + _TICK_SECONDS
                self._tick()
            self._traffic.admit()
            until_door = self._doors.reopen()
            self._sleep(next_tick - now if until_door is None else until_door)

    def _tick(self) -> None:
        self._worker.notify()
        full = self._doors.full
        self._end_overdue(HEAD_SECONDS if full else self._idle_seconds)
        self._doors.tick()
        if self._exchange.n_answered >= self._worker.max_requests:
            self._worker.log.info("Autorestarting worker after %s requests.", self._exchange.n_answered)
            self._worker.alive = False

    def _finish(self) -> None:
        """Answer what came, and take no more in; who is idle may have a request on its way for a moment."""
        self._traffic.closing = True
        for connection in self._doors.close():
            self._departures.idle(connection)
        now = monotonic()
        idle_until, until = now + STOP_SECONDS, now + self._worker.cfg.graceful_timeout
        while self._poller.n_open and now < until:
            self._worker.notify()
            self._end_overdue(self._idle_seconds if now < idle_until else 0)
            self._traffic.admit()
            self._sleep(_STOPPING_TICK_SECONDS)
            now = monotonic()

    def _stop(self, threads: Sequence[threading.Thread]) -> None:
        """Send the threads home; who is still at work is not waited for."""
        self._poller.stop()
        for thread in threads:
            thread.join(_STOPPING_TICK_SECONDS)

    def _end_overdue(self, patience: float) -> None:
        """End whoever waited too long, and idle connections after `patience` seconds at most."""
        now = monotonic()
        sooner = self._idle_seconds - patience
        for connection in self._poller.take_each(lambda connection: is_due(connection, now, sooner)):
            self._traffic.expire(connection)

    def _closed(self) -> None:
        self._doors.left()
        if not self._worker.alive:
            self._wake()

    def _wake(self) -> None:
        """Have the first thread look."""
        with suppress(BlockingIOError):  # it is awake already
            os.write(self._worker.PIPE[1], b".")

    def _sleep(self, seconds: float) -> None:
        """Until a signal, `_wake`, or the time is over."""
        poll = select.poll()
        poll.register(self._worker.PIPE[0], select.POLLIN)
        if poll.poll(1000 * max(0.0, seconds)):
            os.read(self._worker.PIPE[0], 4096)
