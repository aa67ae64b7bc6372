"""The vocabulary: the values that travel between the packages, to disk and to the user."""
