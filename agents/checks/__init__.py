"""Checks of an answer: evidence for or against it that costs nothing but a moment."""
