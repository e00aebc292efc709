"""Traefik's own code as a fixture."""

from collections.abc import Iterator

import pytest

from tests.lab import parts
from tests.rules.answers import Traefik


@pytest.fixture(scope="module")
def rules_oracle() -> Iterator[Traefik]:
    """Return Traefik 3.7's code for default rules and constraints."""
    with Traefik(parts.rules_oracle()) as started:
        yield started
