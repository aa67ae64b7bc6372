"""How good a router is, on prompts whose local and cloud scores are both known."""
