"""Offline: purchase history in, a published model version and batch picks out."""

import os

# Before any library that brings OpenMP is loaded: threads that wait by spinning make training several times slower on a
# machine that has other work.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
