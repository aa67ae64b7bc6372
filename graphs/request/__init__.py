"""The state machine of one request: `graph.py` is its picture, one file a step."""
