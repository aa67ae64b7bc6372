"""Cheap checks of an answer: evidence for or against it."""
