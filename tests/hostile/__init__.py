"""Hostile labels: whatever labels a container has, it harms at most itself."""
