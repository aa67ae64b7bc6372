"""IN WHICH PROCESS: the command line, and the worker of the queue."""

__distribution__ = "edgeward"
