"""A history to everything that a version holds."""
