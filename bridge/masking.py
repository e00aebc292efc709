"""What may be shown to people: secrets masked, control characters spelled out.

Labels and names come from whoever starts containers; logs and terminals belong to whoever runs the bridge.
Pure.
"""

import re

MASK = "***"
LONGEST = 1_000

_CREDENTIAL = re.compile(
    r"authorization|api-?key|access-?key|auth-?key|private-?key|token|passw|secret|credential", re.IGNORECASE
)
_USERINFO = re.compile(r"(?<=://)[^/?#\s]*(?=@)")
_PRIVATE_KEY = "PRIVATE KEY-----"


def masked(path: str, value: str) -> str:
    """Return `value` as it may be shown, given the name it goes by: a label, a key in etcd, or a setting.

    Masked as a whole: the users of basicAuth and digestAuth, headers and options that are named like
    credentials, private keys. In any other value only the user information of URLs.
    """
    if value and (_is_secret(path.lower()) or _PRIVATE_KEY in value):
        return MASK
    return _USERINFO.sub(MASK, value)


def escaped(text: str) -> str:
    """Spell out every character that could break a line or move a terminal's cursor."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str) -> str:
    """Cut what no line of a log should hold; who wants to see all of it has `plan`."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text):,} characters)"


def _is_secret(path: str) -> bool:
    *parents, name = re.split(r"[./]", path)
    parent = parents[-1] if parents else ""
    is_users = name == "users" and parent in {"basicauth", "digestauth"}
    is_cookie = "cookie" in name and parent.endswith("headers")
    return is_users or is_cookie or bool(_CREDENTIAL.search(name))
