"""Where everything is in etcd: the view, which Traefik reads, and the state, which the bridges share.

Names in the state are folded for letter case, because Traefik's KV decoder merges names that differ only in case;
the view keeps them as the user wrote them.
"""

from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from bridge.claims.transaction import KeyValue, Range
from bridge.labels.folding import fold
from bridge.labels.model import Ref
from bridge.view.keys import PERMANENT, PERMANENT_PATH, PERMANENT_VALUE, key

REMEMBERED = 256
"""How many folded names are cached: an event looks up each object that it touches about thirty times."""


class Claimant(Struct, frozen=True, order=True):
    """A container, identified by its host and the first 12 characters of its id."""

    host: str
    container: str


class HostKey(Struct, frozen=True):
    """A parsed key: a host's record."""

    host: str


class AliveKey(Struct, frozen=True):
    """A parsed key: a host's running bridge."""

    host: str


class ContainerKey(Struct, frozen=True):
    """A parsed key: a container's record."""

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
    """The keys of the bridges that share a root key, as the bridge of `host` uses them."""

    root_key: str
    state_key: str
    host: str

    @property
    def state(self) -> str:
        """The prefix of all keys of the state."""
        return f"{self.state_key}/{self.root_key}/"

    @property
    def permanent(self) -> KeyValue:
        """The key that keeps the root from ever being empty; its revisions mean nothing."""
        return KeyValue(self.view_key(PERMANENT, PERMANENT_PATH), PERMANENT_VALUE, 0, 0)

    def of(self, host: str) -> "Layout":
        """Return the same keys as the bridge of another host uses them."""
        return replace(self, host=host)

    def me(self, container: str) -> Claimant:
        """Return a container of this host as a claimant."""
        return Claimant(self.host, container)

    def view(self) -> Range:
        """Return the range of all that Traefik reads."""
        return under(f"{self.root_key}/")

    def view_key(self, ref: Ref, path: str = "") -> str:
        """Return the key of an object's leaf in the view, spelled as in `ref`; the bare leaf if `path` is ""."""
        return f"{self.root_key}/{key(ref, path)}"

    def view_object(self, ref: Ref) -> Range:
        """Return the range of all leaves of an object in the view, except the bare one."""
        return under(f"{self.view_key(ref)}/")

    def alive(self) -> str:
        """Return the leased key of this host's running bridge."""
        return f"{self.state}alive/{self.host}"

    def alive_hosts(self) -> Range:
        """Return the range of all running bridges."""
        return under(f"{self.state}alive/")

    def host_record(self) -> str:
        """Return the key of this host's record."""
        return f"{self.state}hosts/{self.host}"

    def hosts(self) -> Range:
        """Return the range of all hosts' records, which stay until the host is removed."""
        return under(f"{self.state}hosts/")

    def container(self, container: str) -> str:
        """Return the key of the record of a container of this host."""
        return f"{self.state}containers/{self.host}/{container}"

    def containers(self) -> Range:
        """Return the range of the records of all containers of this host."""
        return under(f"{self.state}containers/{self.host}/")

    def object(self, ref: Ref) -> str:
        """Return the key of an object's definition in force."""
        return f"{self.state}objects/{key(folded(ref), '')}"

    def objects(self) -> Range:
        """Return the range of all definitions in force."""
        return under(f"{self.state}objects/")

    def claim(self, ref: Ref, claimant: Claimant) -> str:
        """Return the key of one claim on an object."""
        return f"{self._claims(ref)}{claimant.host}/{claimant.container}"

    def claims(self, ref: Ref) -> Range:
        """Return the range of all claims on an object."""
        return under(self._claims(ref))

    def _claims(self, ref: Ref) -> str:
        return f"{self.state}claims/{key(folded(ref), '')}/"

    def claims_of_kind(self, ref: Ref) -> Range:
        """Return the range of all claims on objects of the same protocol and kind."""
        return under(f"{self.state}claims/{ref.protocol}/{ref.kind}/")

    def view_of_kind(self, ref: Ref) -> Range:
        """Return the range of all that Traefik reads of the same protocol and kind."""
        return under(f"{self.root_key}/{ref.protocol}/{ref.kind}/")

    def parse(self, key: str) -> StateKey | None:
        """Parse a key of the state; None if it is not one of ours."""
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
        """Return the object that a key of the view belongs to, as spelled there; None if it names none."""
        match key.removeprefix(f"{self.root_key}/").split("/", 3):
            case [protocol, kind, name, *_]:
                return Ref(protocol, kind, name)
            case _:
                return None


def under(prefix: str) -> Range:
    """Return the range of all keys that begin with `prefix`, which ends in "/"."""
    return Range(prefix, prefix[:-1] + chr(ord("/") + 1))


@lru_cache(REMEMBERED)
def folded(ref: Ref) -> Ref:
    """Return the object with its names folded for letter case."""
    return Ref(fold(ref.protocol), fold(ref.kind), fold(ref.name))
