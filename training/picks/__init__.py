"""The published version's picks as a file."""
