"""Traefik's own decoders as a fixture; a test that uses it is marked `real`."""

from collections.abc import Iterator

import pytest

from tests.lab import parts
from tests.labels.decoders import Decoders


@pytest.fixture(scope="session")
def decoders() -> Iterator[Decoders]:
    """Return the label and KV decoders of Traefik 2.11.54 and 3.7.13."""
    with Decoders(parts.decoders()) as running:
        yield running
