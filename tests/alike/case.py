"""A case, one per file: containers with labels, the settings, and whether Traefik's Docker provider agrees.

rule: what the case proves, in one sentence
releases: ["3.7"]                                # of Traefik; default: 2.11 and 3.7
settings: {default_rule: ..., network: ...}      # by the bridge's names; those of Traefik are derived
static: {core.defaultRuleSyntax: v2}             # further options of both Traefiks, by Traefik's names
engine: "29"                                     # release of Docker; default: 20.10
networks: [front, --ipv6 back]                   # created for the case, removed after it; options before the name
containers:
  - name: web
    labels: {traefik.enable: "true"}
    options: [--network, front]                  # of `docker run`
    image: busybox                               # default: traefik/whoami
    arguments: [sh, -c, ...]                     # after the image
    after: [[pause, web]]                        # docker commands once it runs
    health: unhealthy                            # to wait for
    passes: [--label=tier=web]                       # options of a last container that both sides must route
deviation: why the bridge differs here on purpose
traefik: {routers: {shop: {rule: ...}}}          # with a deviation: all objects that the other side lacks or has
bridge: {services: {shop: {loadBalancer: ...}}}  # differently; of each the fields that matter, null for an absent
                                                 # one; names for containers' addresses: http://web:80
problems: [web]                                  # exactly the containers with problems reported by the bridge
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.lab.parts import EngineRelease, TraefikRelease

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True, slots=True)
class CaseContainer:
    """A container of a case, as it is run."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()
    image: str = "traefik/whoami"
    arguments: Sequence[str] = ()
    after: Sequence[Sequence[str]] = ()
    health: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. With a `deviation`, `traefik` and `bridge` hold the objects that differ, and how."""

    rule: str
    containers: Sequence[CaseContainer]
    releases: Sequence[TraefikRelease] = ("2.11", "3.7")
    engine: EngineRelease = "20.10"
    settings: Mapping[str, str] = field(default_factory=dict)
    static: Mapping[str, str] = field(default_factory=dict)
    networks: Sequence[str] = ()
    deviation: str = ""
    traefik: Mapping[str, Any] = field(default_factory=dict)
    bridge: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[str] = ()
    passes: Sequence[str] = ()


def read(path: Path) -> Case:
    """Read a case; raise TypeError if the file has an unknown field."""
    content = yaml.safe_load(path.read_text())
    containers = [CaseContainer(**container) for container in content.pop("containers")]
    return Case(containers=containers, **content)
