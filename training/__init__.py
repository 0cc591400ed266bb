"""Offline: purchase history in, a published model version and batch picks out."""

import os
import sys

# Before any library that brings OpenMP is loaded: threads that wait by spinning make training several times slower on a
# machine that has other work.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# In a log a progress bar is a line a time, so it is written seldom there.
if not sys.stderr.isatty():
    os.environ.setdefault("TQDM_MININTERVAL", "30")
