"""How the live store's tables came to be, step by step (Alembic)."""
