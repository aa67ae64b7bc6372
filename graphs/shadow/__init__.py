"""Comparison runs: what the cloud would have said to what was answered here."""
