"""Tests of the engine's adapter on real engines."""
