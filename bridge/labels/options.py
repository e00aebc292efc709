"""What a container asks of Traefik's Docker provider itself: `traefik.enable` and `traefik.docker.*`."""

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from bridge.labels.complaints import Complaints
from bridge.labels.decode import Walk
from bridge.labels.fields import Field, Release, rows, tree
from bridge.labels.limits import excess
from bridge.labels.tree import parse
from bridge.problem import Problem

PREFIXES = ("traefik.docker.", "traefik.enable")
_FIELDS = """\
Enable	bool	2.11	-
Docker/Network	string	2.11	-
Docker/LBSwarm	bool	2.11	-
Docker/AllowNonRunning	bool	3.6.0+	-
"""


class LabelOptions(Struct, frozen=True):
    """What a container asks of the provider; with any problem the container is dropped.

    `enable` and `network` are None without a label; an empty network label makes it "", which overrides the
    provider's setting too.
    """

    enable: bool | None = None
    network: str | None = None
    allow_non_running: bool = False
    problems: tuple[Problem, ...] = ()


def read_options(container_name: str, labels: Mapping[str, str], release: Release) -> LabelOptions:
    """Return a container's options, as Traefik's Docker provider of this release reads them."""
    if problems := excess(container_name, labels):
        return LabelOptions(problems=problems)
    root, misshapen = parse(container_name, labels, PREFIXES)
    complaints = Complaints(container_name, release, misshapen)
    leaves = {leaf.path: leaf.value for leaf in Walk(complaints).object(root, _fields(release), "", live=True)}
    enable = leaves.get("enable")
    return LabelOptions(
        enable=None if enable is None else enable == "true",
        network=leaves.get("docker/network"),
        allow_non_running=leaves.get("docker/allownonrunning") == "true",
        problems=tuple(complaints.problems),
    )


@cache
def _fields(release: Release) -> Field:
    return tree(rows(_FIELDS), release)
