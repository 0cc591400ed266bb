"""The worker that gunicorn runs: `service.worker.Worker`."""

from gunicorn.workers.base import Worker as GunicornWorker

from service.connections.shares import Share, Shares

_SHARES = Shares()  # the master imports this before it forks


class Worker(GunicornWorker):  # type: ignore[misc]  # gunicorn is not typed
    """One process, whose threads wait for all its connections together, so that no slow client holds one."""

    def run(self) -> None:
        """Answer until told to stop."""
        # Not before gunicorn.conf.py's on_starting, which makes the directory of the metrics.
        from service.connections.loop import Loop  # noqa: PLC0415

        Loop(self, Share(_SHARES, self.age)).run()
