"""What this user's own outcomes say about local and cloud answers, on top of what was shipped."""
