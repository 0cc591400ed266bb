"""What a worker holds: the served version and the live store."""
