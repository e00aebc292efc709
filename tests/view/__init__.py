"""References, names and the last check before anything is written, as pure tests."""
