"""The live store: what happened since the model was trained, and what must hold at once.

Events, changes of items, erasures and preferences, in SQLite or PostgreSQL. `store.LiveStore` is the way in.
"""
