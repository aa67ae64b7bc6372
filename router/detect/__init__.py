"""Finds what identifies a person or opens a door: numbers, addresses, phones and secrets."""
