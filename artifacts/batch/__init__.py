"""How an opened version is asked about many users at once."""
