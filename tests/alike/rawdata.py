"""Traefik's `/api/rawdata` made comparable: one provider's part of it, without the provider's name."""

import json
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

Sections = Mapping[str, Mapping[str, Any]]


def of_provider(rawdata: Mapping[str, Any], provider: str) -> dict[str, dict[str, Any]]:
    """Return the sections that are not empty, with the objects of one provider by their bare names."""
    ours = {section: _objects(rawdata.get(section) or {}, f"@{provider}") for section in SECTIONS}
    ours["middlewares"].pop(PERMANENT, None)
    return {section: objects for section, objects in ours.items() if objects}


def differing(mine: Sections, other: Sections, told: Sections) -> dict[str, dict[str, Any]]:
    """Return the objects of one side that the other has not or has otherwise.

    Of those that a case tells of, only the fields that it tells of.
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
    return {name: _told_of(content[name], told[name]) for name in told if name in content}


def _objects(section: Mapping[str, Any], suffix: str) -> dict[str, Any]:
    mine = {name: content for name, content in section.items() if name.endswith(suffix)}
    bare: dict[str, Any] = json.loads(json.dumps(mine).replace(suffix, ""))
    return {name: _ordered(content) for name, content in bare.items()}


def _ordered(content: dict[str, Any]) -> dict[str, Any]:
    """Servers in one order, since the two providers name them differently and Traefik sorts by name."""
    servers = content.get("loadBalancer", {}).get("servers")
    if servers:
        content["loadBalancer"]["servers"] = sorted(servers, key=json.dumps)
    if "usedBy" in content:
        content["usedBy"] = sorted(content["usedBy"])
    return content
