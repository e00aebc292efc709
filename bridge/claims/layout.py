"""Where everything is in etcd: the view that Traefik reads, and what the bridges agree on.

Names are folded for letter case in the state, as Traefik's KV decoder merges names that differ only in case; the
view keeps them as their user wrote them.
"""

from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from bridge.claims.transaction import KeyValue, Range
from bridge.labels.folding import fold
from bridge.labels.model import Ref
from bridge.view.keys import PERMANENT, PERMANENT_PATH, PERMANENT_VALUE, key

REMEMBERED = 256
"""Of how many objects the folded names are at hand: each one that an event touches is asked for thirty times."""


class Claimant(Struct, frozen=True, order=True):
    """A container on its host, by the first 12 characters of its id."""

    host: str
    container: str


class HostKey(Struct, frozen=True):
    """A parsed key: who a host is."""

    host: str


class AliveKey(Struct, frozen=True):
    """A parsed key: a host's running bridge."""

    host: str


class ContainerKey(Struct, frozen=True):
    """A parsed key: what a container publishes."""

    claimant: Claimant


class ClaimKey(Struct, frozen=True):
    """A parsed key: one claim; the name in `ref` is folded."""

    ref: Ref
    claimant: Claimant


class ObjectKey(Struct, frozen=True):
    """A parsed key: a definition in force; the name in `ref` is folded."""

    ref: Ref


StateKey = HostKey | AliveKey | ContainerKey | ClaimKey | ObjectKey


class Layout(Struct, frozen=True):
    """The keys of one set of bridges, as the bridge of `host` uses them."""

    root_key: str
    state_key: str
    host: str

    @property
    def state(self) -> str:
        """What all keys of the state begin with."""
        return f"{self.state_key}/{self.root_key}/"

    @property
    def permanent(self) -> KeyValue:
        """The key that keeps the root from ever being empty; its revisions mean nothing."""
        return KeyValue(self.view_key(PERMANENT, PERMANENT_PATH), PERMANENT_VALUE, 0, 0)

    def of(self, host: str) -> "Layout":
        """The same keys, as the bridge of another host uses them."""
        return replace(self, host=host)

    def me(self, container: str) -> Claimant:
        """A container of this host."""
        return Claimant(self.host, container)

    def view(self) -> Range:
        """All that Traefik reads."""
        return under(f"{self.root_key}/")

    def view_key(self, ref: Ref, path: str = "") -> str:
        """One leaf of an object in the view, the name spelled as in `ref`; its bare leaf where `path` is ""."""
        return f"{self.root_key}/{key(ref, path)}"

    def view_object(self, ref: Ref) -> Range:
        """All leaves of an object in the view but the bare one."""
        return under(f"{self.view_key(ref)}/")

    def alive(self) -> str:
        """The leased key of this host's running bridge."""
        return f"{self.state}alive/{self.host}"

    def alive_hosts(self) -> Range:
        """Every running bridge."""
        return under(f"{self.state}alive/")

    def host_record(self) -> str:
        """Who this host is."""
        return f"{self.state}hosts/{self.host}"

    def hosts(self) -> Range:
        """Every host that ever was, until it is removed."""
        return under(f"{self.state}hosts/")

    def container(self, container: str) -> str:
        """What a container of this host publishes."""
        return f"{self.state}containers/{self.host}/{container}"

    def containers(self) -> Range:
        """What the containers of this host publish."""
        return under(f"{self.state}containers/{self.host}/")

    def object(self, ref: Ref) -> str:
        """The definition in force."""
        return f"{self.state}objects/{key(folded(ref), '')}"

    def objects(self) -> Range:
        """Every definition in force."""
        return under(f"{self.state}objects/")

    def claim(self, ref: Ref, claimant: Claimant) -> str:
        """One claim on an object."""
        return f"{self._claims(ref)}{claimant.host}/{claimant.container}"

    def claims(self, ref: Ref) -> Range:
        """All claims on an object."""
        return under(self._claims(ref))

    def _claims(self, ref: Ref) -> str:
        return f"{self.state}claims/{key(folded(ref), '')}/"

    def claims_of_kind(self, ref: Ref) -> Range:
        """All claims on objects of the same protocol and kind."""
        return under(f"{self.state}claims/{ref.protocol}/{ref.kind}/")

    def view_of_kind(self, ref: Ref) -> Range:
        """All that Traefik reads of this protocol and kind."""
        return under(f"{self.root_key}/{ref.protocol}/{ref.kind}/")

    def parse(self, key: str) -> StateKey | None:
        """What a key of the state is about; None for what is none of ours."""
        state = self.state
        match key[len(state) :].split("/") if key.startswith(state) else ():
            case ["hosts", host]:
                return HostKey(host)
            case ["alive", host]:
                return AliveKey(host)
            case ["containers", host, container]:
                return ContainerKey(Claimant(host, container))
            case ["claims", protocol, kind, name, host, container]:
                return ClaimKey(Ref(protocol, kind, name), Claimant(host, container))
            case ["objects", protocol, kind, name]:
                return ObjectKey(Ref(protocol, kind, name))
            case _:
                return None

    def viewed(self, key: str) -> Ref | None:
        """The object that a key of the view belongs to, all as spelled; None where it names none."""
        match key.removeprefix(f"{self.root_key}/").split("/", 3):
            case [protocol, kind, name, *_]:
                return Ref(protocol, kind, name)
            case _:
                return None


def under(prefix: str) -> Range:
    """Every key that begins with `prefix`, which ends in "/"."""
    return Range(prefix, prefix[:-1] + chr(ord("/") + 1))


@lru_cache(REMEMBERED)
def folded(ref: Ref) -> Ref:
    """The object whatever its letter case."""
    return Ref(fold(ref.protocol), fold(ref.kind), fold(ref.name))
