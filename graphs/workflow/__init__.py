"""Workflows in YAML: what a file may say, and what is wrong with one. Nothing here runs a step."""
