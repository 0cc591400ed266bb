"""What gunicorn loads in each worker: `gunicorn -c service/gunicorn.conf.py service.wsgi:app`."""

import atexit
import os
import sys
from pathlib import Path

from gunicorn.arbiter import Arbiter

from service.threads import restrain_threads

restrain_threads()

from service.app import LIVE_STORE, SERVED_MODEL, create_app  # noqa: E402
from service.settings import RUN_DIRECTORY, SettingsError, check_address, read_settings  # noqa: E402

try:
    settings = read_settings(os.environ, started=True)  # what it starts with is the master's to look at
    check_address(settings, os.environ)
except SettingsError as error:
    print(error, file=sys.stderr)
    sys.exit(Arbiter.WORKER_BOOT_ERROR)  # which tells gunicorn not to try again

app = create_app(settings, Path(os.environ[RUN_DIRECTORY]) if RUN_DIRECTORY in os.environ else None)
app.extensions[LIVE_STORE].start()
atexit.register(app.extensions[LIVE_STORE].stop)
app.extensions[SERVED_MODEL].start()
