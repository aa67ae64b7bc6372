"""One adapter per inference engine, each blind to the others."""
