"""The queue's worker: takes, runs, acknowledges."""
