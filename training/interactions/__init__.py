"""Canonical rows to a shop's cleaned history, and cuts of it."""
