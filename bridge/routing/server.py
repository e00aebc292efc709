"""The one server that a container adds to each of its services: its URL or address."""

from collections.abc import Sequence

from bridge.container import Container
from bridge.labels.folding import fold
from bridge.labels.model import Leaf, Ref
from bridge.problem import Problem
from bridge.routing.address import Nowhere, Surroundings, place

SERVER = "loadbalancer/server/"
"""The path of the server in labels; Traefik's KV provider reads it below `servers/`."""


def server(
    container: Container, service: Ref, leaves: Sequence[Leaf], around: Surroundings
) -> tuple[Leaf, ...] | Problem:
    """Complete what labels say about a running container's server (Traefik's documentation: "Services")."""
    said = _said(leaves)
    kept = tuple(said[name] for name in ("preservepath", "tls", "weight") if name in said)
    if service.protocol == "http" and said.get("url") and said["url"].value:
        return _given(container, said) or (said["url"], *kept)
    port = said.get("port")
    given = around.own.addresses.get(fold(service.name)) or around.own.address
    found = place(container, port.value if port else "", _transport(service), around, given)
    if isinstance(found, Nowhere):
        label = found.label or (port.labels[0] if port else "")
        return Problem(container.name, label, f"service {service.name}: {found.message}", found.hint)
    labels = ((given.label,) if given else ()) + (port.labels if port else ())
    if service.protocol != "http":
        return (Leaf("address", str(found), labels, found.rule), *kept)
    scheme = said.get("scheme")
    url = f"{scheme.value if scheme and scheme.value else 'http'}://{found}"
    return (Leaf("url", url, labels + (scheme.labels if scheme else ()), found.rule), *kept)


def idle_server(service: Ref, leaves: Sequence[Leaf]) -> tuple[Leaf, ...]:
    """Return the server of a container that does not serve: only a URL that a label names.

    If a label names the port, Traefik keeps a server without a URL, which answers 500; here the list is empty.
    """
    said = _said(leaves)
    if service.protocol != "http" or not said.get("url") or not said["url"].value:
        return ()
    return tuple(said[name] for name in ("preservepath", "url", "weight") if name in said)


def _said(leaves: Sequence[Leaf]) -> dict[str, Leaf]:
    """Return what labels say about the server, by field; the paths are relative to the server."""
    mine = (leaf for leaf in leaves if leaf.path.startswith(SERVER))
    return {name: leaf._replace(path=name) for leaf in mine if (name := leaf.path.removeprefix(SERVER))}


def _transport(service: Ref) -> str:
    return "udp" if service.protocol == "udp" else "tcp"


def _given(container: Container, said: dict[str, Leaf]) -> Problem | None:
    extra = next((said[name] for name in ("scheme", "port") if said.get(name) and said[name].value), None)
    if extra is None:
        return None
    return Problem(
        container.name,
        extra.labels[0],
        "a server has either a URL, or a scheme and a port",
        f"remove this label or {said['url'].labels[0]}",
    )
