"""How much one container may say: what is more costs nothing but itself, before anything is made of it."""

from collections.abc import Mapping

from bridge.problem import Problem

PREFIXES = ("traefik.", "bridge.")
MOST_LABELS = 1_000
MOST_CHARACTERS = 250_000
"""Of names and values together: more could not be published anyway, since it would not fit one transaction."""


def excess(container: str, labels: Mapping[str, str]) -> tuple[Problem, ...]:
    """Return what is wrong where the labels of Traefik and of the bridge are too many, or too long."""
    ours = [name for name in labels if name[: len(PREFIXES[0])].lower().startswith(PREFIXES)]
    length = sum(len(name) + len(labels[name]) for name in ours)
    if len(ours) <= MOST_LABELS and length <= MOST_CHARACTERS:
        return ()
    message = f"it has {len(ours):,} labels for Traefik and the bridge, of {length:,} characters"
    hint = (
        f"at most {MOST_LABELS:,} labels and {MOST_CHARACTERS:,} characters are taken: spread them over containers"
    )
    return (Problem(container, "", message, hint),)
