"""LangGraph's saver and store over plain Redis hashes."""
