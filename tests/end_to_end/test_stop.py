"""A service that is told to stop before its workers are up."""

import signal
from pathlib import Path

import pytest

from artifacts.publishing.store import Store
from tests.support.gunicorn_service import COMMAND, DEADLINE_SECONDS, start, wait_for
from tests.support.paths import ROOT

LONG_SECONDS = 2 * DEADLINE_SECONDS
# The service's own configuration, but for workers that stay where gunicorn has forked them, without signal handlers.
SLOW_TO_BOOT = """
import runpy, time
from pathlib import Path

globals().update(runpy.run_path({configuration!r}))

def post_fork(server, worker):
    Path({forked!r}).touch()
    time.sleep({seconds})
"""


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_worker_that_is_only_just_forked_is_stopped_too(
    tiny_store: Store, tmp_path: Path, sent: signal.Signals
) -> None:
    forked = tmp_path / "forked"
    configuration = tmp_path / "slow_to_boot.py"
    own = str(ROOT / "service" / "gunicorn.conf.py")
    configuration.write_text(SLOW_TO_BOOT.format(configuration=own, forked=str(forked), seconds=LONG_SECONDS))
    options = ("-c", str(configuration), "--graceful-timeout", str(LONG_SECONDS))
    process, _, _ = start(tiny_store.root, tmp_path, (*COMMAND, *options), {})
    try:
        wait_for(forked.exists)
        process.send_signal(sent)
        assert process.wait(DEADLINE_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
