"""Privacy: labels, redaction, and the one gate that text passes before it leaves the machine."""
