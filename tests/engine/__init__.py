"""The Docker side, on real engines."""
