"""The last check of a key before it is written: Traefik's KV decoder must accept it.

One key that it does not accept makes Traefik reject the configuration of every host. So this check ignores labels,
trusts no earlier step, and accepts only the spelling that the bridge itself writes.
"""

from bridge.labels import plugins
from bridge.labels.fields import Field, Release, fields
from bridge.labels.folding import fold
from bridge.labels.naming import unfit
from bridge.labels.values import ACCEPTED, normalise


def kv_problem(path: str, value: str, release: Release) -> str:
    """Return why a release would not accept this key with this value, "" if it does.

    `path` is relative to the root key: "http/routers/web/rule".
    """
    parts = path.split("/")
    trail = [fields(release)]
    for part in parts:
        if reason := _part_problem(part, trail[-1], release):
            return reason
        trail.append(_below(trail[-1], part))
    if value.startswith(","):
        options = [part for part, field in zip(parts, trail, strict=False) if field.type == "raw"]
        if plugins.reads_commas(options):
            return "a value in an object of a plugin's options must not begin with a comma"
    return _value_problem(trail[-1], value, parts[-1], named=trail[-2].type == "map")


def _part_problem(part: str, field: Field, release: Release) -> str:
    match field.type:
        case "object":
            known = field.children.get(part)
            return "" if known and known.kv else f"Traefik {release} has no field {part!r} here"
        case "objects" if part.isdigit() and part.isascii():
            return ""
        case "map" | "objects" | "raw":
            return (reason := unfit(part)) and f"the name {part!r} {reason}"
        case _:
            return f"{part!r} is below a field that takes a value"


def _below(field: Field, part: str) -> Field:
    match field.type:
        case "object":
            return field.children[part]
        case "raw":
            return field
        case _:
            return field.each


def _value_problem(field: Field, value: str, part: str, *, named: bool) -> str:
    match field.type:
        case "object" if field.bare_kv:
            return "" if fold(value) in ("", "true") else f"{value!r} disables {part!r}"
        case "object" if named:
            return f"the name {part!r} takes no value" if value else ""
        case "objects":
            return f"{part!r} takes no value" if value else ""
        case "object" | "map":
            return f"{part!r} cannot stand alone"
        case kind:
            return "" if normalise(kind, value) is not None else f"{part!r} takes {ACCEPTED[kind]}"
