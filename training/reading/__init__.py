"""Any source to canonical rows."""
