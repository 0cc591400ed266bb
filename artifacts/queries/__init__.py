"""How an opened version is asked: one query, one answer."""
