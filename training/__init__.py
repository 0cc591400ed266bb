"""Offline: purchase history in, a published model version and batch picks out."""
