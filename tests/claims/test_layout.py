"""The names of all keys in etcd."""

import pytest

from bridge.claims.layout import (
    AliveKey,
    Claimant,
    ClaimKey,
    ContainerKey,
    HostKey,
    Layout,
    ObjectKey,
    StateKey,
    under,
)
from bridge.claims.transaction import Range
from bridge.labels.model import Ref

LAYOUT = Layout("traefik", "docker-event-bridge", "h1")
WEB = Ref("http", "routers", "Web")
WHO = Claimant("h2", "0123456789ab")
STATE = "docker-event-bridge/traefik"


def test_view_keeps_the_spelling() -> None:
    """Keys of the view have names as the user wrote them."""
    assert LAYOUT.view_key(WEB, "rule") == "traefik/http/routers/Web/rule"
    assert LAYOUT.view_key(WEB) == "traefik/http/routers/Web"
    assert LAYOUT.view_object(WEB) == Range("traefik/http/routers/Web/", "traefik/http/routers/Web0")


def test_state_folds_the_letter_case() -> None:
    """Names that Traefik takes for the same one, by Go's EqualFold, have the same key in the state."""
    assert LAYOUT.object(WEB) == f"{STATE}/objects/http/routers/web"
    assert LAYOUT.claim(Ref("http", "routers", "Ka\u017fe"), WHO) == (
        f"{STATE}/claims/http/routers/kase/h2/0123456789ab"
    )


@pytest.mark.parametrize(
    ("key", "parsed"),
    [
        (LAYOUT.host_record(), HostKey("h1")),
        (LAYOUT.alive(), AliveKey("h1")),
        (LAYOUT.container("0123456789ab"), ContainerKey(Claimant("h1", "0123456789ab"))),
        (LAYOUT.claim(WEB, WHO), ClaimKey(Ref("http", "routers", "web"), WHO)),
        (LAYOUT.object(WEB), ObjectKey(Ref("http", "routers", "web"))),
        (LAYOUT.view_key(WEB, "rule"), None),
        (f"{STATE}/objects/http/routers/web/more", None),
        ("objects/http/routers/web", None),
    ],
)
def test_keys_are_read_back(key: str, parsed: StateKey | None) -> None:
    """A key of the state is parsed into what it stands for, any other key into None."""
    assert LAYOUT.parse(key) == parsed


def test_ranges_end_where_their_prefix_ends() -> None:
    """A range includes all keys below a name, and none below a longer name with the same beginning."""
    claims = LAYOUT.claims(WEB)
    assert claims.key <= LAYOUT.claim(WEB, WHO) < claims.end
    assert not claims.key <= LAYOUT.claim(Ref("http", "routers", "web2"), WHO) < claims.end
    assert under("a/") == Range("a/", "a0")


def test_root_key_with_slashes() -> None:
    """A root key may have several segments."""
    layout = Layout("teams/blue", "state", "h1")
    assert layout.view_key(WEB, "rule") == "teams/blue/http/routers/Web/rule"
    assert layout.parse(layout.object(WEB)) == ObjectKey(Ref("http", "routers", "web"))
    assert layout.viewed("teams/blue/http/routers/Web/rule") == WEB
