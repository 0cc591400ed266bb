"""Bounds that hold wherever a version is asked: over HTTP and where picks are written to a file."""

MAX_LIMIT = 100  # items an answer may hold
MAX_ID_CHARACTERS = 256
