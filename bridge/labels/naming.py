"""The names that a key of Traefik's KV provider can hold."""

from bridge.labels.values import encodable


def unfit(name: str) -> str:
    """Return why a key cannot hold the name that a user chose, "" if it can.

    One such name would make Traefik reject the configuration of every host, ignore the key, or read it as
    something else.
    """
    if not name:
        return "is empty"
    if name.isascii() and name.isdigit():
        return "has only digits, which Traefik takes for a position in a list"
    if "/" in name:
        return "has a slash, which separates the parts of a key"
    if "___lock" in name:
        return "has ___lock, and Traefik skips such keys"
    if "\0" in name:
        return "has a NUL character"
    return "" if encodable(name) else "is not valid Unicode text"
