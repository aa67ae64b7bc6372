"""What a prompt is: cheap signals, its language and its kind."""
