"""Learns from this user's outcomes how well local and cloud answers score."""
