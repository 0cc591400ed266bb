"""What gunicorn loads in each worker: `gunicorn -c service/gunicorn.conf.py service.wsgi:app`."""

import os
import sys

from gunicorn.arbiter import Arbiter
from threadpoolctl import threadpool_limits

from service.app import LIVE_MODEL, LIVE_STORE, create_app
from service.settings import SettingsError, check_address, read_settings

try:
    settings = read_settings(os.environ)
    check_address(settings, os.environ)
except SettingsError as error:
    print(error, file=sys.stderr)
    sys.exit(Arbiter.WORKER_BOOT_ERROR)  # which tells gunicorn not to try again

app = create_app(settings)

# One thread each: workers are many, and their arrays too small to be worth sharing out.
threadpool_limits(1)
app.extensions[LIVE_STORE].start()
app.extensions[LIVE_MODEL].start()
