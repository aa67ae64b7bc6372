"""Generators of the nano specialist's training and test data, a family or a few to a file."""
