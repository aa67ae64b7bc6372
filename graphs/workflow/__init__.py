"""Workflows in YAML: their definition, expressions, plan, execution and drawing."""
