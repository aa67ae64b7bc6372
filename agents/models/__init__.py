"""Models before they run: what a file holds, what fits on a card, and how to get it."""
