"""Pure decisions: where a task goes, and whether an answer is accepted."""
