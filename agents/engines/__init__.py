"""One adapter per inference engine; no adapter knows another."""
