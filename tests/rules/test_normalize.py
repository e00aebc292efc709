"""Names of services are normalised as in Traefik."""

import pytest

from bridge.rules.normalize import normalize


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("web", "web"),
        ("shop_web.1", "shop-web-1"),
        ("--a//b--", "a-b"),
        ("", ""),
        ("...", ""),
        ("é日本²Ⅷ", "é日本²Ⅷ"),
        ("a\u0301b", "a-b"),
    ],
)
def test_normalize(text: str, name: str) -> None:
    """Letters and numbers of any script are kept; anything between them becomes one hyphen."""
    assert normalize(text) == name
