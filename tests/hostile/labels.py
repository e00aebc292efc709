"""Draw hostile containers from a seed: as `docker inspect` shows them, with labels made to do harm.

Most labels resemble Traefik's fields, since what is refused at once never gets far; a few are noise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from bridge.labels.fields import Release, Row
from bridge.labels.folding import fold
from bridge.routing.options import Options
from tests.hostile import words
from tests.hostile.options import options
from tests.labels.table import ROWS, settable

HOST = "h1"
OTHERS = ["h2", "h2", "h", "h1-111111111111"]
"""Names for the second host; the last is the name of a server of the first."""

RELEASES = list(Release)
NEAR_TRUE = {
    "bool": words.BOOLEANS[:10],
    "allowEmpty": ["", "true", "false", "TRUE", "x"],
    "int": words.NUMBERS[:10],
    "uint32": words.NUMBERS[:8],
    "duration": ["5s", "1m", "10", "-1", "0", "9223372037", "2562047h47m16.854775807s"],
}
ODD: Mapping[str, Sequence[str]] = {"bool": words.BOOLEANS, "duration": words.DURATIONS}
ABOUT_THE_CONTAINER: Mapping[str, Sequence[str]] = {
    "traefik.enable": ["true"] * 30 + words.BOOLEANS,
    "traefik.docker.network": ["bridge", "", "n"],
    "traefik.docker.allownonrunning": words.BOOLEANS,
    "Traefik.enable": ["true"],
    "bridge.application": words.TEXTS,
    "rule": words.TEXTS,
    "com.docker.compose.project": words.SHARED_NAMES + words.TEXTS,
    "com.docker.compose.service": words.SHARED_NAMES + words.TEXTS,
}


@dataclass(frozen=True, slots=True)
class Host:
    """Containers of one host as `docker inspect` shows them, and the options of its bridge."""

    inspected: tuple[dict[str, Any], ...]
    options: Options


def world(seed: int) -> tuple[Host, ...]:
    """Draw the world of a seed, always the same: one host, in some worlds two."""
    random = Random(seed)
    release = random.choice(RELEASES)
    count = 1 if random.random() < 0.7 else random.randint(2, 4)
    inspected = tuple(_inspected(random, number, release) for number in range(count))
    first = Host(inspected, options(random, release, HOST))
    return (first, _beside(random, first)) if random.random() < 0.1 else (first,)


def _beside(random: Random, first: Host) -> Host:
    """Draw a second host for the same release, with replicas of the first's containers or one of its own."""
    release = first.options.release
    count = len(first.inspected)
    replicas = [
        {**one, "Id": _id(count + number)} for number, one in enumerate(first.inspected) if random.random() < 0.6
    ]
    containers = replicas or [_inspected(random, count, release)]
    return Host(tuple(containers), options(random, release, random.choice(OTHERS)))


def _inspected(random: Random, number: int, release: Release) -> dict[str, Any]:
    """Draw one container; rarely, something that is none."""
    names = [f"c{number}"] * 150 + words.SHARED_NAMES * 3 + words.FIT_NAMES + words.UNFIT_NAMES
    image = random.choice(["whoami:1", "whoami:2", "r:5000/a/b@sha256:0", "\x1b"])
    ports = random.sample(words.PORTS, random.choice([0] + [1, 2, 3] * 4))
    name = random.choice(names)
    made: dict[str, Any] = {
        "Id": _id(number),
        "Created": f"2026-01-01T00:00:0{random.randint(0, 3)}Z",
        "Name": f"/{name}",
        "State": {"Status": random.choice(words.STATES), "StartedAt": "2026-01-01T00:00:01Z"},
        "HostConfig": {"NetworkMode": random.choice(words.MODES)},
        "Config": {"Image": image, "Labels": _labels(random, release, name)},
        "NetworkSettings": {
            "Ports": {port: _bindings(random) for port in ports},
            "Networks": words.NETWORKS if random.random() < 0.5 else {"bridge": words.NETWORKS["bridge"]},
        },
    }
    if random.random() < 0.01:
        made[random.choice(words.PARTS)] = random.choice(
            [None, "", "a/b", 1, [], {"Labels": {"a": 1}}, {"Ports": {"x": 1}}]
        )
    return made


def _id(number: int) -> str:
    return f"{number + 1:x}" * 64


def _bindings(random: Random) -> list[dict[str, str]] | None:
    return None if random.random() < 0.5 else random.sample(words.BINDINGS, random.randint(0, 3))


def _labels(random: Random, release: Release, name: str) -> dict[str, str]:
    """Draw a set of labels, with more or less noise; rarely, as many as the limits allow."""
    if random.random() < 0.007:
        return _crowd(random)
    wild = random.choice([0.0, 0.0, 0.0, 0.0, 0.03, 0.03, 0.3])
    labels = dict(_label(random, release, wild) for _ in range(random.choice([0, 1, 1, 2, 3, 4, 6, 9])))
    return labels | (_own(random, _services(labels) or [name]) if random.random() < 0.08 else {})


def _own(random: Random, services: Sequence[str]) -> dict[str, str]:
    """Draw the bridge's own labels for these services, most of them valid."""
    names = [
        "bridge.address",
        "bridge.network",
        "bridge.drain-limit",
        *(f"bridge.{it}.address" for it in services),
    ]
    own = {
        name: _of_own(random, name.rpartition(".")[2])
        for name in random.choices(names, k=random.choice([1, 1, 2]))
    }
    return own | ({random.choice(words.MISSPELT): "10.9.9.9"} if random.random() < 0.1 else {})


def _of_own(random: Random, kind: str) -> str:
    right, wrong = words.OWN[kind]
    return random.choice(wrong if random.random() < 0.2 else list(right))


def _services(labels: Mapping[str, str]) -> list[str]:
    """Return the services that labels seem to define."""
    parts = (label.split(".") for label in labels)
    return [it[3] for it in parts if len(it) > 4 and fold(it[2]) == "services"]


def _crowd(random: Random) -> dict[str, str]:
    """Draw about as many labels, characters, objects or bytes as a container may have."""
    label, (count, length) = random.choice(words.CROWDED), random.choice(words.CROWDS)
    return {label.format(number): "x" * (length // count) for number in range(count)}


def _label(random: Random, release: Release, wild: float) -> tuple[str, str]:
    drawn = random.random()
    if drawn < wild:
        return random.choice([_noise, _shuffled, _deep])(random, release), random.choice(words.TEXTS)
    if drawn > 0.9:
        label = random.choice(list(ABOUT_THE_CONTAINER))
        return label, random.choice(ABOUT_THE_CONTAINER[label])
    return _near_a_field(random, release, wild)


def _near_a_field(random: Random, release: Release, wild: float) -> tuple[str, str]:
    rows = settable(release) if random.random() > wild / 3 else ROWS
    row = random.choice(_telling(release) if random.random() < 0.2 else rows)
    label = "traefik" + "".join(_part(random, part, wild) for part in row.path)
    if row.type == "raw":
        label += random.choice(words.TAILS_OF_PLUGINS if random.random() < 0.1 + wild else [".a", ".a.b", ".a[0]"])
    if random.random() < wild / 3:
        label += random.choice([".foo", "[0]", ".", "]", ".a.b", "\0"])
    return label, _value(random, row.path[-1].lower(), row.type.partition("=")[0].partition("|")[0], wild)


def _part(random: Random, part: str, wild: float) -> str:
    match part:
        case "{name}":
            return "." + _name(random, wild)
        case "{n}":
            return random.choice(words.POSITIONS) if random.random() < wild else f"[{random.randint(0, 3)}]"
        case _:
            return "." + random.choice([part, part.lower(), part.upper(), part.replace("s", "\u017f")])


def _name(random: Random, wild: float) -> str:
    if random.random() < wild / 2:
        return random.choice(words.UNFIT_NAMES)
    return random.choice(words.SHARED_NAMES if random.random() < 0.6 else words.FIT_NAMES)


def _value(random: Random, field: str, kind: str, wild: float) -> str:
    if random.random() < wild:
        return random.choice(words.TEXTS)
    if field in words.OF_FIELDS and random.random() < 0.5:
        return random.choice(words.OF_FIELDS[field])
    if kind in NEAR_TRUE:
        odd = ODD.get(kind, words.NUMBERS)
        return random.choice(odd if random.random() < 0.03 + wild else NEAR_TRUE[kind])
    text = random.choice(words.TEXTS)
    # Non-ASCII and very long texts are rare, or few containers would get through.
    return text if (len(text) < 10_000 and text.isascii()) or random.random() < 0.1 else "a"


def _noise(random: Random, _: Release) -> str:
    beginning = random.choice(["", "traefik.", "traefik.http."])
    return beginning + "".join(random.choices(words.NOISE, k=random.randint(0, 40)))


def _deep(random: Random, _: Release) -> str:
    beginning = random.choice(
        ["traefik.http.middlewares.m.plugin.p", "traefik.http.routers.r", "traefik.docker", "traefik.http"]
    )
    return beginning + random.choice([".a", "[0]", ".a[0]", "."]) * random.choice([10, 40, 60, 2000])


def _shuffled(random: Random, release: Release) -> str:
    parts = _near_a_field(random, release, 0.5)[0].split(".")
    random.shuffle(parts)
    return random.choice([".", "", "/"]).join(parts)


@cache
def _telling(release: Release) -> list[Row]:
    """Return the settable fields for which there are special values, such as those that a policy limits."""
    return [row for row in settable(release) if row.path[-1].lower() in words.OF_FIELDS]
