"""Bounds that hold wherever a version is asked, over HTTP and where picks are written to a file, and of what the live
store holds."""

MAX_LIMIT = 100  # items an answer may hold
MAX_OFFSET = 1_000  # items before an answer's first; whoever wants all of a catalogue reads it page by page
MAX_ID_CHARACTERS = 256
MAX_QUANTITY = 1_000_000
MAX_PRICE = 1_000_000_000_000
