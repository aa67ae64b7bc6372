"""The queue: submit, deliver, consume, complete, dead letters, the outbox, workflow runs."""
