"""How a workflow runs: compiled to one LangGraph, driven, waited for, resumed."""
