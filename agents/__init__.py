"""The agents: roles, their checks, and one adapter per inference engine."""

__distribution__ = "edgeward"
