"""IN WHAT ORDER: the state machine of one request, and the Router that owns it."""

__distribution__ = "edgeward"
