"""What a workflow will do, ask, cost and take, said before it runs."""
