"""Hostile labels: whatever a container carries, it harms at most itself."""
