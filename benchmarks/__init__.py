"""What `make bench` measures: recorded, never asserted."""
