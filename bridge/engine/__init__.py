"""Docker: the engine's events and inspections; no other package talks to it."""
