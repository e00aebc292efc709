"""Docker: the engine's events and inspections; nothing else of the product knows it."""
