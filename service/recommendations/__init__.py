"""The requests that answer picks."""
