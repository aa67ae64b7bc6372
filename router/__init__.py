"""Classification, routing policy, privacy, queue, store and accounting; it contains no engine."""

__distribution__ = "edgeward"
