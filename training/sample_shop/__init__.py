"""The bundled sample shop, generated."""
