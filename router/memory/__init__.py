"""What is remembered: a session's turns, a run's traces, and facts that were told."""
