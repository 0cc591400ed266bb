"""A worker's connections: who holds them, how long they may take, and how requests come out of them."""
