"""Plans a workflow: what it will do, ask, cost and take, before it runs."""
