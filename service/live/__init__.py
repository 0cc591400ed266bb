"""The requests that write to the live store."""
