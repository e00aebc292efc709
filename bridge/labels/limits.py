"""Limits on the labels of one container, checked before anything else: exceeding them drops that container."""

from collections.abc import Mapping

from bridge.problem import Problem

PREFIXES = ("traefik.", "bridge.")
MOST_LABELS = 1_000
MOST_CHARACTERS = 250_000
"""Of names and values together: more would not fit one etcd transaction anyway."""


def excess(container: str, labels: Mapping[str, str]) -> tuple[Problem, ...]:
    """Return a problem if a container has too many, or too long, labels for Traefik and the bridge."""
    ours = [name for name in labels if name[: len(PREFIXES[0])].lower().startswith(PREFIXES)]
    length = sum(len(name) + len(labels[name]) for name in ours)
    if len(ours) <= MOST_LABELS and length <= MOST_CHARACTERS:
        return ()
    message = f"it has {len(ours):,} labels for Traefik and the bridge, with {length:,} characters"
    hint = (
        f"at most {MOST_LABELS:,} labels and {MOST_CHARACTERS:,} characters are allowed: spread them over several"
        " containers"
    )
    return (Problem(container, "", message, hint),)
