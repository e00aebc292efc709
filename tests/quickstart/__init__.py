"""The quick start, from a fresh clone."""
