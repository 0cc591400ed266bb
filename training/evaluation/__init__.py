"""Offline evaluation: past windows of the shop's own history, answered by the very code that serves."""
