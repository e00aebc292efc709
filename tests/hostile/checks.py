"""Checks that must hold for any containers whatsoever, and runs over many of them on all processors."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bridge.claims.layout import folded
from bridge.container import Container, from_inspect
from bridge.labels.fields import Release
from bridge.labels.folding import fold
from bridge.labels.model import Ref
from bridge.masking import escaped
from bridge.planning import Plan, plan
from bridge.problem import Problem
from bridge.routing.options import Options, Policy
from bridge.view.keys import PERMANENT
from bridge.view.model import Publication
from bridge.view.publish import mapped
from tests.claims.world import layout
from tests.hostile.allowed import allowed, bounded, placed
from tests.hostile.labels import Host, world
from tests.hostile.settle import settled
from tests.labels.decoders import Decoders
from tests.labels.table import ROWS

WORLDS_AT_ONCE = 250
_Below = dict[str, Any]
_ANYTHING: _Below = {}
"""The parts below a plugin's option, which may be anything."""

PERMANENT_KEY = layout().permanent


def run(first: int, count: int, decoders: Path | None) -> Counter[str]:
    """Examine `count` worlds, starting with seed `first`; return the counts.

    `decoders` is the program of Traefik's decoders, or None to do without.
    """
    starts = range(first, first + count, WORLDS_AT_ONCE)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as processes:
        jobs = [processes.submit(examine, start, WORLDS_AT_ONCE, decoders) for start in starts]
        return sum((job.result() for job in jobs), Counter[str]())


def examine(first: int, count: int, decoders: Path | None) -> Counter[str]:
    """Examine worlds in this process; a failure names the seed that reproduces it."""
    counts: Counter[str] = Counter()
    batches: dict[Release, list[dict[str, str]]] = {}
    for seed in range(first, first + count):
        hosts = world(seed)
        try:
            made, views = _examined(hosts)
        except Exception as error:
            raise AssertionError(f"see it with: python -m tests.hostile {seed}") from error
        counts += made
        batches.setdefault(hosts[0].options.release, []).extend(views)
    if decoders:
        with Decoders(decoders) as running:
            for release, batch in batches.items():
                _accepted(running, release, [*batch, _together(batch)])
    return counts


def _examined(hosts: Sequence[Host]) -> tuple[Counter[str], list[dict[str, str]]]:
    """Examine each host alone, then all together; return the counts and the sets of keys that Traefik reads."""
    alone = {host.options.host: _mapped(host) for host in hosts}
    counts, shown = settled({name: wanted for name, (_, wanted, _) in alone.items()})
    counts["beside"] = len(hosts) - 1
    views = [keys for _, _, keys in alone.values()]
    return sum((made for made, _, _ in alone.values()), counts), views + [shown] * (len(hosts) > 1)


def _mapped(given: Host) -> tuple[Counter[str], list[Publication], dict[str, str]]:
    """Plan the containers of one host; return the counts, what each container wants to publish, and the keys."""
    containers, options = list(_readable(given)), given.options
    made = plan(containers, options, "traefik")
    wanted = list(_wanted(made, containers, options))
    _told(made)
    _owned(made, len(containers), options.host)
    counts = _counted(made, containers)
    for container, publication in wanted:
        bounded(container, publication)
        allowed(publication, options.policy)
        counts["placed"] += placed(container, publication)
        counts["allowed"] += options.policy != Policy()
        counts["published"] += bool(container.labels)
    keys = {**made.keys, PERMANENT_KEY.key: PERMANENT_KEY.value}
    strange = [key for key, value in keys.items() if not known(key, value, options.release)]
    assert not strange, f"{options.release} does not know {strange}"
    return counts + Counter({"keys": len(keys), options.release: len(keys)}), [it for _, it in wanted], keys


def _readable(given: Host) -> Iterator[Container]:
    for inspected in given.inspected:
        with suppress(ValueError):
            yield from_inspect(inspected)


def _wanted(
    made: Plan, containers: Iterable[Container], options: Options
) -> Iterator[tuple[Container, Publication]]:
    """Yield the containers with what each would publish if it were alone."""
    for container, planned in zip(containers, made.containers, strict=True):
        waits = "waits" in planned.reason
        publication = mapped(container, options).publication if waits else planned.publication
        if publication:
            yield container, publication


def _counted(made: Plan, containers: Iterable[Container]) -> Counter[str]:
    """Count the containers with labels, and those that met each kind of limit."""
    reasons = [planned.reason for planned in made.containers]
    return Counter(
        {
            "sets": sum(bool(container.labels) for container in containers),
            "excessive": sum("labels for Traefik and the bridge" in it.message for it in made.problems),
            "forbidden": sum("not allowed on this host" in it for it in reasons),
            "misplaced": sum(problem.label.lower().startswith("bridge.") for problem in made.problems),
        }
    )


def _told(made: Plan) -> None:
    """Check that whatever is not published has a reason, and that all messages can be printed."""
    for planned in made.containers:
        assert planned.publication or planned.reason
        assert escaped(planned.container + planned.reason).isprintable()
    for problem in made.problems:
        assert isinstance(problem, Problem)
        assert problem.message
        assert escaped(problem.container + problem.label + problem.message + problem.hint).isprintable()


def _owned(made: Plan, count: int, host: str) -> None:
    """Check that each key is below the root and belongs to an object of a published container."""
    owners: dict[Ref, set[str]] = {}
    for planned in made.containers:
        for item in planned.publication.items if planned.publication else ():
            assert planned.publication
            owners.setdefault(folded(item.ref), set()).add(f"{host}-{planned.publication.id}")
    for key, value in made.keys.items():
        assert key.encode()
        assert value.encode() is not None
        root, protocol, kind, name, *path = key.split("/")
        ref = folded(Ref(protocol, kind, name))
        assert root == "traefik"
        assert ref in owners, key
        assert ref != PERMANENT, key
        assert "___lock" not in key
        is_server = kind == "services" and path[:2] == ["loadbalancer", "servers"] and path[2:]
        assert not is_server or path[2] in owners[ref], key
    assert len(set(map(fold, made.keys))) == len(made.keys)
    assert len(made.containers) == count


def known(key: str, value: str, release: Release) -> bool:
    """Return whether a release knows this key, judged from the rows of the table without the bridge's reader.

    A key that names a whole object may only have the value "" or "true".
    """
    below = _taken(release)
    for part in key.split("/")[1:]:
        if part not in below and "{}" not in below:
            return False
        below = below[part if part in below else "{}"]
        if below is _ANYTHING:
            return True
    return not below or value in ("", "true")


@cache
def _taken(release: Release) -> _Below:
    """Return the tree of all keys that a release accepts; "{}" stands for any name or position."""
    root: _Below = {}
    for row in ROWS:
        if any(_covers(spec, release) for spec in row.kv.split(",")):
            below = root
            for part in row.path:
                below = below.setdefault("{}" if part.startswith("{") else part.lower(), {})
            if row.type == "raw":
                below["{}"] = _ANYTHING
    return root


def _covers(spec: str, release: Release) -> bool:
    """Return whether an entry of the table's last column, explained in its header, covers a release."""
    lines = list(Release)
    first, _, last = spec.removesuffix("+").partition("..")
    line = ".".join(first.split(".")[:2])
    if line not in lines:
        return False
    newest = lines[-1] if spec.endswith("+") or spec == Release.V2_11 else ".".join((last or first).split(".")[:2])
    return lines.index(Release(line)) <= lines.index(release) <= lines.index(Release(newest))


def _together(views: Iterable[dict[str, str]]) -> dict[str, str]:
    """Merge what unrelated hosts publish under one root; each name belongs to the first that has it."""
    taken: dict[Ref, int] = {}
    together: dict[str, str] = {}
    for number, keys in enumerate(views):
        for key, value in keys.items():
            protocol, kind, name = key.split("/")[1:4]
            if taken.setdefault(folded(Ref(protocol, kind, name)), number) == number:
                together[key] = value
    return together


def _accepted(decoders: Decoders, release: Release, batch: list[dict[str, str]]) -> None:
    """Check that Traefik's own decoder accepts the keys of each world; that of 3.7 stands in for all of 3.x.

    All 3.x share the decoder; only the fields differ, and `known` has checked those of each release.
    """
    reader = Release.V2_11 if release is Release.V2_11 else Release.V3_7
    refused = [(error, keys) for keys, error in zip(batch, decoders.refusals(batch, reader), strict=True) if error]
    assert not refused, refused[:3]
