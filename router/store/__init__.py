"""The one Redis: found or started, its errors in words, every key's name."""
