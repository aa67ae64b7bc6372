"""WHAT a task is, WHERE it goes, WHAT it cost: the judgement, without any engine."""

__distribution__ = "edgeward"
