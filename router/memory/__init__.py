"""What is remembered: a session's turns, cached answers, and facts."""
