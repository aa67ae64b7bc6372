"""Shadow runs: what the cloud would have answered to tasks that were answered locally."""
