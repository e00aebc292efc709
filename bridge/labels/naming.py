"""The names that a key of Traefik's KV provider can hold."""

from functools import lru_cache

from bridge.labels.values import encodable

MAX_CHARACTERS = 1000
"""Each name is part of a dozen keys of one etcd transaction, whose size is limited."""


# Each of a container's names is part of several keys, and is checked in each of them.
@lru_cache(maxsize=256)
def unfit(name: str) -> str:
    """Return why a key cannot hold the name that a user chose, "" if it can.

    One such name would make Traefik reject the configuration of every host, ignore the key, or read it as
    something else.
    """
    reasons = {
        "is empty": not name,
        f"has more than {MAX_CHARACTERS} characters": len(name) > MAX_CHARACTERS,
        "has only digits, which Traefik takes for a position in a list": name.isascii() and name.isdigit(),
        "has a slash, which separates the parts of a key": "/" in name,
        "has ___lock, and Traefik skips such keys": "___lock" in name,
        "has a NUL character": "\0" in name,
        "is not valid Unicode text": not encodable(name),
    }
    return next((reason for reason, applies in reasons.items() if applies), "")
