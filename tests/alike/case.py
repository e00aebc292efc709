"""A case: containers with labels, the settings, and whether Traefik's Docker provider agrees. A file each.

rule: what the case proves, in one sentence
releases: ["3.7"]                                # of Traefik; 2.11 and 3.7 unless said otherwise
settings: {default_rule: ..., network: ...}      # by the bridge's names; those of Traefik follow
static: {core.defaultRuleSyntax: v2}             # further options of both Traefiks, by Traefik's names
engine: "29"                                     # Docker's; 20.10 unless said otherwise
networks: [front, --ipv6 back]                   # made for the case, removed after it; options before the name
containers:
  - name: web
    labels: {traefik.enable: "true"}
    options: [--network, front]                  # of `docker run`
    image: busybox                               # traefik/whoami unless said otherwise
    arguments: [sh, -c, ...]                     # after the image
    after: [[pause, web]]                        # docker commands once it runs
    health: unhealthy                            # waited for
passes: [--label=tier=web]                       # options of a last container that both sides have to route
deviation: why the bridge differs here on purpose
traefik: {routers: {shop: {rule: ...}}}          # with a deviation: all objects that the other side has not
bridge: {services: {shop: {loadBalancer: ...}}}  # or has otherwise; of each the fields that matter, null where it
                                                 # has none; web in place of its address: http://web:80
problems: [web]                                  # the containers of which the bridge reports a problem, no others
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
    """One file. With a `deviation`, `traefik` and `bridge` hold the objects that differ, and how."""

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
    """Read a case; raises TypeError where the file has a field that cases do not have."""
    content = yaml.safe_load(path.read_text())
    containers = [CaseContainer(**container) for container in content.pop("containers")]
    return Case(containers=containers, **content)
