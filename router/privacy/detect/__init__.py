"""What is private in a text: detectors of personal data and secrets."""
