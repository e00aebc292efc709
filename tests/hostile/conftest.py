"""The program of Traefik's own decoders, which each process of a run starts for itself."""

from pathlib import Path

import pytest

from tests.lab import parts


@pytest.fixture
def decoders() -> Path:
    """Return the program of the decoders of Traefik 2.11.54 and 3.7.13."""
    return parts.decoders()
