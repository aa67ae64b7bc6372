"""The account: what was attempted, what it cost, what money is left, and the proof of both."""
