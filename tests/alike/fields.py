"""Containers whose labels set every field of Traefik, one field each, with valid, empty and invalid values.

The names of all objects begin with the container's. Left out is `tls.stores`, an object that all containers share
and the API does not show; tests/labels compares its decoding with Traefik's.
"""

import random
from collections.abc import Iterator, Mapping, Sequence

from bridge.labels.fields import Release, Row
from tests.alike.batch import Placed
from tests.lab.fake_engine import FakeContainer
from tests.labels import table

ROWS = [row for row in table.ROWS if row.path[:2] != ("TLS", "Stores")]
RULES = ("HostSNI(`*`)", "Host(`a.example`)")
TEXTS = ("some text", "a,b", "/x", "ä💥", " x ", "")
NUMBERS = ("5", "0", "-5", "+3", "0x10", "1_0", "", "x", "99999999999999999999", "1.5")
VALUES: Mapping[str, Sequence[str]] = {
    "string": TEXTS,
    "raw": TEXTS,
    "bool": ("true", "false", "T", "1", "TRUE", "", "maybe", " true"),
    "int": NUMBERS,
    "uint32": NUMBERS,
    "bounded": ("5", "0", "-5", "+3", "", "x"),
    "connections": ("5", "0", "+3", "", "x"),
    "list": ("a", "a, b", "a,,b", ",", " ", ""),
    "duration": ("5", "5s", "1h1m1.5s", "-5", "0", "", "soon", "5 s", "9223372037"),
    "allowEmpty": ("", "true", "TRUE", "false", "1", "x"),
}
CONTEXT: Mapping[str, Mapping[str, str]] = {
    "TCP": {
        "traefik.tcp.routers.{c}-x.rule": "HostSNI(`*`)",
        "traefik.tcp.routers.{c}-x.entrypoints": "tcpin",
    },
    "UDP": {"traefik.udp.routers.{c}-x.entrypoints": "udpin"},
}
AWKWARD_KEYS = ("X-Some-Header", "x_y", "ä", "a b", "x@y", "x:y", "K", "\u212a")


def address(number: int) -> str:
    """Return a loopback address that no other number has; connections to it (health checks) are refused."""
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


def containers() -> list[Placed]:
    """Return containers that set each field to each kind of value, and in each spelling."""
    spelling = random.Random(0)
    found: list[Placed] = []
    for row in ROWS:
        for labels in _of_row(row, spelling):
            number = len(found)
            named = {name.replace("{c}", f"f{number}"): text for name, text in labels.items()}
            found.append(Placed(FakeContainer(f"f{number}", named, networks={"bridge": (address(number),)})))
    return found


def settable(release: Release) -> list[Row]:
    """Return the fields that labels of a release may set."""
    return [row for row in table.settable(release) if row in ROWS]


def _of_row(row: Row, spelling: random.Random) -> Iterator[Mapping[str, str]]:
    label, context = label_of(row, "{c}-x", "X-Key"), _context(row)
    kind = row.type.partition("=")[0]
    rules = RULES if row.path[-1] == "Rule" else ()
    for value in dict.fromkeys((*rules, *(value for one in kind.split("|") for value in VALUES[one]))):
        yield context | {label: value}
    fit = (*rules, *VALUES[kind.split("|")[0]])[0]
    yield context | {label.lower(): fit}
    yield context | {spelled(label, spelling): fit}
    yield context | {f"{label}.foo": fit}
    yield context | {f"{label}[0]": fit}
    if "{name}" in row.path[3:]:
        for key in AWKWARD_KEYS:
            yield context | {label_of(row, "{c}-x", key): fit}
    if "{n}" in row.path:
        for position in ("", "[10]", "[a]"):
            yield context | {label.replace("[0]", position): fit}
        yield context | {label: fit, label.replace("[0]", "[10]"): fit, label.replace("[0]", "[2]"): fit}


def label_of(row: Row, name: str, key: str, position: str = "[0]") -> str:
    """Return the label of a field of the object `name`, with `key` for the names below it."""
    parts: list[str] = []
    for part in row.path:
        match part:
            case "{name}":
                parts.append(key if name in parts else name)
            case "{n}":
                parts[-1] += position
            case _:
                parts.append(part)
    return "traefik." + ".".join(parts)


def spelled(label: str, spelling: random.Random) -> str:
    """Return a label in random letter case, except for the root and the names of containers."""
    root, *parts = label.split(".")
    mixed = [part if part.startswith("{c}") else _mixed(part, spelling) for part in parts]
    return ".".join([root, *mixed])


def _mixed(part: str, spelling: random.Random) -> str:
    return "".join(spelling.choice((letter.lower(), letter.upper())) for letter in part)


def _context(row: Row) -> dict[str, str]:
    """Return the labels without which Traefik's API would not show the field, never the field itself."""
    field = label_of(row, "{c}-x", "X-Key").lower()
    return {label: text for label, text in CONTEXT.get(row.path[0], {}).items() if label != field}
