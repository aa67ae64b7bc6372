"""Evaluates the router on prompts whose local and cloud scores are both known."""
