"""Makes texts safe to show: masks secrets and escapes control characters.

Labels and names come from whoever starts containers; logs and terminals belong to whoever runs the bridge.
Pure.
"""

import re
from collections.abc import Collection
from itertools import islice

MASK = "***"
LONGEST = 1_000
_MOST_LISTED, _LONGEST_LISTED = 5, 100

_CREDENTIAL = re.compile(
    r"authorization|api-?key|access-?key|auth-?key|private-?key|token|passw|secret|(?<!allow)credential"
)
# Names that mean a credential in headers and plugin options, but something else in other fields.
_FREE_CREDENTIAL = re.compile(
    r"(?<![a-z])(auth|bearer|cookie|jwt|[a-z]*keys?|pass(phrase)?|pwd|session|signature)(?![a-z])", re.IGNORECASE
)
_WORD_IN_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NAMED_OBJECT = re.compile(
    r"(?:^|[./])(?:http|tcp|udp|tls)([./])(?:routers|services|middlewares|serverstransports|stores)\1(?:(?!\1).)+",
    re.IGNORECASE,
)
_PLUGIN_NAME = re.compile(r"(?<![^./])(plugin[./])[^./]+[./]", re.IGNORECASE)
_POSITION = re.compile(r"\[\d*\]")
_USERINFO = re.compile(r"(?<=://)[^/?#\s]*(?=@)")
_PARAMETER = re.compile(r"(?<=[?&])([^?&=#\s]+)=[^&#\s`]+")
# To the first colon only: backtracking over colons would take quadratic time where no "@" follows.
_LOOSE_USERINFO = re.compile(r"(?s)^((?:[\w+.-]+://)?+)[^:]*+:.*@")
_PRIVATE_KEY = "PRIVATE KEY-----"


def masked(path: str, value: str) -> str:
    """Return `value` as it may be shown, given its name: a label, a key in etcd, or a setting.

    Masked as a whole are the users of basicAuth, digestAuth and plugins, headers and options that have, or are
    below, a name that means a credential, and private keys. In other values only the user information of URLs is
    masked, and those of their parameters whose names mean a credential.
    The names that users give to objects do not count.
    """
    if value and (_is_secret(path) or _PRIVATE_KEY in value):
        return MASK
    return _PARAMETER.sub(_masked_parameter, _USERINFO.sub(MASK, value))


def _masked_parameter(found: re.Match[str]) -> str:
    return f"{found[1]}={MASK}" if _CREDENTIAL.search(found[1].lower()) else found[0]


def masked_input(name: str, text: str) -> str:
    """Return an invalid setting or label value as it may be shown: passwords are masked even outside of URLs."""
    return _LOOSE_USERINFO.sub(rf"\1{MASK}@", masked(name, text))


def escaped(text: str) -> str:
    """Escape every character that could break a line or move a terminal's cursor."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, longest: int = LONGEST) -> str:
    """Cut a text that is too long for a line of a log; `plan` shows all of it."""
    return text if len(text) <= longest else f"{text[:longest]}... ({len(text):,} characters)"


def listed(names: Collection[str]) -> str:
    """List the first few names, and how many more there are.

    If each of a container's problems listed all its names, their size would grow with the square of its labels.
    """
    shown = ", ".join(shortened(name, _LONGEST_LISTED) for name in islice(names, _MOST_LISTED))
    more = len(names) - _MOST_LISTED
    return f"{shown} and {more:,} more" if more > 0 else shown


def _is_secret(path: str) -> bool:
    parts = _below_names(path)
    names = [part.lower() for part in parts]
    return (
        "users" in names
        or any(_CREDENTIAL.search(name) for name in names)
        or any(_FREE_CREDENTIAL.search(_WORD_IN_CAMEL_CASE.sub("-", part)) for part in _freely_named(parts))
    )


def _freely_named(parts: list[str]) -> list[str]:
    """Return the parts below a plugin or headers."""
    names = (part.lower() for part in parts)
    return next((parts[n:] for n, name in enumerate(names, 1) if name == "plugin" or name.endswith("headers")), [])


def _below_names(path: str) -> list[str]:
    """Return the parts below the names of an object and its plugin; all parts if the path names no object."""
    named = _NAMED_OBJECT.search(path)
    below = path[named.end() :] if named else path
    return re.split(r"[./]", _PLUGIN_NAME.sub(r"\1", _POSITION.sub("", below)))
