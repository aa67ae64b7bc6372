"""IN WHICH PROCESS: the command line and whatever else runs a Router."""

__distribution__ = "edgeward"
