"""The configuration: the only reader of YAML and environment, into frozen models."""
