"""Make Traefik's `/api/rawdata` comparable: one provider's part of it, without the provider's name."""

import json
import re
from collections.abc import Mapping
from typing import Any

PERMANENT = "docker-event-bridge"
SECTIONS = (
    "routers",
    "services",
    "middlewares",
    "tcpRouters",
    "tcpServices",
    "tcpMiddlewares",
    "udpRouters",
    "udpServices",
)

REFERENCES = (
    ("service",),
    ("middlewares",),
    ("tls", "options"),
    ("loadBalancer", "serversTransport"),
    ("chain", "middlewares"),
    ("errors", "service"),
    ("usedBy",),
)
"""The fields of an object that refer to others; `error` does so within its text."""

ADDRESS = re.compile(r"\b\d+(?:\.\d+){3}\b")

Sections = Mapping[str, Mapping[str, Any]]


def of_provider(rawdata: Mapping[str, Any], provider: str) -> dict[str, dict[str, Any]]:
    """Return the non-empty sections, with the objects of one provider by their names without the provider."""
    ours = {section: _objects(rawdata.get(section) or {}, f"@{provider}") for section in SECTIONS}
    ours["middlewares"].pop(PERMANENT, None)
    return {section: objects for section, objects in ours.items() if objects}


def named(rawdata: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, Any]:
    """Return a copy with the names of containers instead of their addresses, which are not known beforehand."""
    told = ADDRESS.sub(lambda found: names.get(found[0], found[0]), json.dumps(rawdata))
    copied: Mapping[str, Any] = json.loads(told)
    return copied


def differing(mine: Sections, other: Sections, told: Sections) -> dict[str, dict[str, Any]]:
    """Return the objects of one side that the other lacks or has differently.

    Objects that the case specifies in `told` are reduced to the fields specified there, None for an absent field.
    """
    found = {
        section: {
            name: _told_of(content, told.get(section, {}).get(name))
            for name, content in objects.items()
            if content != other.get(section, {}).get(name)
        }
        for section, objects in mine.items()
    }
    return {section: objects for section, objects in found.items() if objects}


def _told_of(content: Any, told: Any) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(content, dict) or not isinstance(told, dict):
        return content
    return {name: _told_of(content.get(name), told[name]) for name in told}


def _objects(section: Mapping[str, Any], suffix: str) -> dict[str, Any]:
    mine = {name.removesuffix(suffix): content for name, content in section.items() if name.endswith(suffix)}
    return {name: _ordered(_bare(content, suffix)) for name, content in mine.items()}


def _bare(content: Mapping[str, Any], suffix: str) -> dict[str, Any]:
    """Return a copy of an object without the provider's name in its references, all other values unchanged."""
    copied: dict[str, Any] = json.loads(json.dumps(content))
    for *above, last in REFERENCES:
        holder = copied
        for name in above:
            holder = holder.get(name) or {}
        if last in holder:
            holder[last] = _local(holder[last], suffix)
    if "error" in copied:
        copied["error"] = [text.replace(suffix, "") for text in copied["error"]]
    return copied


def _local(names: str | list[str], suffix: str) -> str | list[str]:
    return names.removesuffix(suffix) if isinstance(names, str) else [name.removesuffix(suffix) for name in names]


def _ordered(content: dict[str, Any]) -> dict[str, Any]:
    """Sort the servers, since the two providers name them differently and Traefik orders them by name."""
    servers = content.get("loadBalancer", {}).get("servers")
    if servers:
        content["loadBalancer"]["servers"] = sorted(servers, key=json.dumps)
    if "usedBy" in content:
        content["usedBy"] = sorted(content["usedBy"])
    return content
