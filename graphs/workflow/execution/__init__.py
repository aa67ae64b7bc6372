"""Runs workflows: compiles each to a LangGraph graph, drives it, waits, resumes."""
