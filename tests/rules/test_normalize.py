"""Names of services as Traefik normalises them."""

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
    """Letters and numbers of any script stay; whatever stands between them is one hyphen."""
    assert normalize(text) == name
