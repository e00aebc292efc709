"""`purge`: removes what a retired host left in etcd, by the same rules as if its containers had stopped."""

import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TypeVar

import anyio
from msgspec import Struct

from bridge.claims.hosts import Removed, names, removal, unchanged
from bridge.claims.layout import HostKey, Layout
from bridge.claims.transaction import KeyValue, Range
from bridge.cli.command import CommandParser
from bridge.daemon.apply import drive
from bridge.errors import FailedError, UsageError
from bridge.masking import escaped
from bridge.settings import StateSettings, load
from bridge.settings.values import checked_host
from bridge.store.client import Store
from bridge.store.errors import StoreError

Result = TypeVar("Result")


class Found(Struct, frozen=True):
    """What etcd has about a host, and the names of all hosts."""

    alive: KeyValue | None
    record: KeyValue | None
    containers: tuple[KeyValue, ...]
    hosts: tuple[str, ...]


def main(arguments: list[str]) -> int:
    """Remove a host after confirmation and return 0; FailedError says what is left of it and why."""
    parser = _parser()
    given = parser.read(arguments)
    settings = load(StateSettings, parser.settings(given))
    layout = Layout(settings.root_key, settings.state_key, _host(given.host))
    found = _on_etcd(settings, partial(_look, layout=layout))
    _refuse(layout, found, force=given.force)
    sys.stdout.writelines(_described(layout.host, found))
    if not given.yes:
        _ask()
    removed = _on_etcd(settings, partial(_remove, layout=layout, found=found))
    _check(layout.host, removed, forgotten=found.alive is None)
    return 0


def _on_etcd(settings: StateSettings, work: Callable[[Store], Awaitable[Result]]) -> Result:
    """Connect to etcd, work, and disconnect; FailedError says why etcd fails."""

    async def connected() -> Result:
        store = Store(settings.connection())
        try:
            return await work(store)
        finally:
            await store.aclose()

    try:
        return anyio.run(connected)
    except StoreError as error:
        raise FailedError(str(error)) from error


async def _look(store: Store, layout: Layout) -> Found:
    ranges = Range(layout.alive()), Range(layout.host_record()), layout.containers(), layout.hosts()
    alive, record, containers, hosts = (await store.read(*ranges)).found
    known = (layout.parse(seen.key) for seen in hosts)
    return Found(
        alive[0] if alive else None,
        record[0] if record else None,
        tuple(containers),
        tuple(key.host for key in known if isinstance(key, HostKey)),
    )


async def _remove(store: Store, layout: Layout, found: Found) -> Removed:
    # A host that is alive keeps its record, from which the others know of it when it dies.
    fence = unchanged(layout, found.alive, found.record)
    return await drive(store, removal(layout, fence, forget=found.alive is None))


def _host(text: str) -> str:
    try:
        return checked_host(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not the name of a host; {error}") from error


def _refuse(layout: Layout, found: Found, *, force: bool) -> None:
    host = layout.host
    if found.alive and not force:
        raise FailedError(
            f"the host {host} is alive (its bridge holds {layout.alive()} in etcd): stop its bridge first; with"
            " --force its claims are removed until that bridge puts them back"
        )
    if not (found.alive or found.record or found.containers):
        raise FailedError(
            f"no host {host} is known with the root key {layout.root_key};"
            f" known hosts: {', '.join(found.hosts) or 'none'}"
        )


def _described(host: str, found: Found) -> Iterator[str]:
    yield f"containers of the host {host} to be removed from etcd, with everything that they publish:\n"
    for name in names(found.containers) or ("no containers",):
        yield f"  {escaped(name)}\n"


def _ask() -> None:
    if not sys.stdin.isatty():
        raise UsageError("standard input is not a terminal, so nobody can confirm: use --yes")
    try:
        answer = input("remove it? [y/N] ")
    except EOFError:
        answer = ""
        sys.stdout.write("\n")
    if answer.strip().lower() not in {"y", "yes"}:
        raise FailedError("nothing was removed")


def _check(host: str, removed: Removed, *, forgotten: bool) -> None:
    for problem in removed.problems:
        sys.stderr.write(escaped(f"{problem.container}: {problem.message}") + "\n")
    if removed.problems:
        raise FailedError(f"what cannot be read of the host {host} is left; {removed.problems[0].hint}")
    if not removed.done:
        raise FailedError(f"the host {host} came back, or somebody else is removing it: try again")
    sys.stdout.write(f"removed{'' if forgotten else ', until its bridge puts it back'}: {host}\n")


def _parser() -> CommandParser:
    parser = CommandParser(
        "purge",
        "Remove what a host that is gone for good left in etcd. Shows it and asks first. Needs no Docker.",
    )
    parser.usage = "%(prog)s HOST [--flag value ...]"
    parser.add_argument("host", metavar="HOST", help="name of the host")
    group = parser.add_argument_group("purge")
    group.add_argument("--yes", action="store_true", default=False, help="do not ask")
    force = "remove it even if the host is alive; its bridge puts everything back at its next resync"
    group.add_argument("--force", action="store_true", default=False, help=force)
    return parser
