"""Which settings are published, and whether."""
