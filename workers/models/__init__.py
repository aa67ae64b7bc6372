"""The `edgeward models` commands."""
