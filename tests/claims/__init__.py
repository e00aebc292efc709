"""Claims: who may define what."""
