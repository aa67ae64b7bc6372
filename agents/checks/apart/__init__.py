"""Judges code from another process than the code's, both of them in the sandbox."""
