"""The routes, and what describes and operates them."""
