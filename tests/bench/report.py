"""Write the results: one JSON file for each benchmark, and a table of all of them."""

import importlib.metadata
import json
import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.measure import Figures
from tests.lab import parts
from tests.lab.parts import EngineRelease, EtcdRelease, TraefikRelease
from tests.lab.shell import run

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    *("anyio", "docker", "etcd3", "grpcio", "msgspec", "protobuf", "pydantic", "pydantic-settings", "requests"),
    *("structlog", "urllib3"),
)
HEAD = """\
# What `make bench` measured

Each ratio compares two things that one run measured alternately; quartiles are in brackets. Compare ratios, not
times: machines differ, and this one had other work. The JSON files beside this table hold every value.

| measure | ours | against | ratio | target | remark |
| --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: what was measured, in which unit, compared with what, and the target.

    `share` selects the statistic: 0.5 is the median, 0.99 the 99th percentile.
    """

    measure: str
    unit: str
    ours: Figures
    against: Figures | None = None
    floor: str = ""
    target: str = ""
    remark: str = ""
    share: float = 0.5

    @property
    def ratio(self) -> float | None:
        """Our value divided by the one it is compared with."""
        if self.against is None or not self.against.quantile(self.share):
            return None
        return self.ours.quantile(self.share) / self.against.quantile(self.share)


@dataclass(frozen=True, slots=True)
class Result:
    """What one benchmark found; `parts` are the releases of the real parts that it ran on."""

    rows: Sequence[Row]
    parts: Mapping[str, EngineRelease | EtcdRelease | TraefikRelease | str] = field(default_factory=dict)
    profile: str = ""


def write(name: str, result: Result, directory: Path = RESULTS) -> None:
    """Write the file of one benchmark and the table of all."""
    found = {
        "benchmark": name,
        "measured": datetime.now(UTC).date().isoformat(),
        "machine": _machine(),
        "commit": _commit(),
        "versions": {"python": platform.python_version(), **_versions(), **_exact(result.parts)},
        "rows": [asdict(row) | {"ratio": row.ratio} for row in result.rows],
    }
    (directory / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    if result.profile:
        (directory / f"{name}.profile.txt").write_text(result.profile)
    (directory / "README.md").write_text(table(directory))


def table(directory: Path = RESULTS) -> str:
    """Return the table of the latest results of every benchmark in the directory."""
    found = [json.loads(file.read_text()) for file in sorted(directory.glob("*.json"))]
    return HEAD + "".join(_line(row) for one in found for row in one["rows"]) + "\n" + "".join(_heads(found))


def _heads(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in found:
        about = ", ".join(f"{part} {version}" for part, version in one["versions"].items())
        commit = one.get("commit", "not noted")
        yield f"- {one['benchmark']}: {one['measured']}, commit {commit}, {one['machine']}; {about}\n"


def _line(row: Mapping[str, Any]) -> str:
    ratio = f"**{row['ratio']:.2f}**" if row["ratio"] else ""
    against = f"{_figures(row, 'against')} {row['floor']}" if row["against"] else row["floor"]
    cells = row["measure"], _figures(row, "ours"), against, ratio, row["target"], row["remark"]
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"


def _figures(row: Mapping[str, Any], side: str) -> str:
    figures, unit = Figures(tuple(row[side]["values"])), row["unit"]
    if not figures.values:
        return "none"
    value = _number(figures.quantile(row["share"]))
    spread = f" ({', '.join(map(_number, figures.spread))})" if len(figures.values) > 1 else ""
    return f"{value} {unit}{spread}".replace("  ", " ")


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _machine() -> str:
    names = [line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")]
    return (
        f"{os.cpu_count()} x {names[0] if names else platform.machine()}, {platform.system()} {platform.release()}"
    )


def _cpuinfo() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text().splitlines() if file.exists() else []


def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def _exact(releases: Mapping[str, str]) -> dict[str, str]:
    """Return the exact versions of the executables of these releases."""
    say: Mapping[str, Callable[[Any], str]] = {
        "engine": lambda release: run([parts.dockerd(release).path, "--version"]),
        "etcd": lambda release: run([parts.etcd(release), "--version"]),
        "traefik": lambda release: run([parts.traefik(release), "version"]),
    }
    return {
        part: release if release == "fake" else re.findall(r"\d+\.\d+\.[\w.+-]+", say[part](release))[0]
        for part, release in releases.items()
    }


def _commit() -> str:
    """Return the measured commit, and whether the working tree has changes."""
    here = Path(__file__).parent
    changed = run(["git", "status", "--porcelain", "--", ":/", f":(exclude){RESULTS}"], cwd=here)
    return run(["git", "rev-parse", "--short", "HEAD"], cwd=here).strip() + (" and changes" if changed else "")
