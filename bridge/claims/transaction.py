"""One etcd transaction as a value: what must still hold, what is written then, what is read otherwise.

The core decides in these terms and `bridge.store` carries them out; a model or a test can do the same.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from msgspec import Struct

MAX_OPERATIONS = 128
"""How many compares, or operations, etcd accepts along one path of nested transactions (its --max-txn-ops)."""


class KeyValue(NamedTuple):
    """A key as etcd holds it."""

    key: str
    value: str
    create_revision: int
    mod_revision: int


class Range(NamedTuple):
    """The keys from `key` up to, not including, `end`; only `key` itself if `end` is ""."""

    key: str
    end: str = ""


def as_bytes(text: str) -> bytes:
    """Return a key or value as etcd stores and orders it.

    Bytes that are not UTF-8 (written by others) are surrogate escapes in our texts, and are written back
    unchanged.
    """
    return text.encode(errors="surrogateescape")


def as_text(raw: bytes | bytearray) -> str:
    """Return a key or value of etcd as text, whatever its bytes."""
    return raw.decode(errors="surrogateescape")


class Revision(Enum):
    """Which of a key's revisions a comparison looks at; both are 0 for an absent key."""

    CREATED = "create"
    MODIFIED = "mod"


class Compare(Struct, frozen=True):
    """Every key of `range` has this revision equal to, or (`below`) less than, `value`.

    An empty range compares like an absent key. `why` names the rule that asks for the compare.
    """

    range: Range
    revision: Revision
    value: int
    below: bool = False
    why: str = ""


def as_seen(key: str, seen: KeyValue | None, why: str = "") -> Compare:
    """Require that a key is as it was seen; None if it was absent."""
    return Compare(Range(key), Revision.MODIFIED, seen.mod_revision if seen else 0, why=why)


def absent(keys: Range, why: str) -> Compare:
    """Require that a range is empty."""
    return Compare(keys, Revision.CREATED, 0, why=why)


def not_newer(keys: Range, revision: int, why: str) -> Compare:
    """Require that no key of a range was written after a revision."""
    return Compare(keys, Revision.MODIFIED, revision + 1, below=True, why=why)


class Put(Struct, frozen=True):
    """Write one key."""

    key: str
    value: str


class Delete(Struct, frozen=True):
    """Delete one key, by name."""

    key: str


class Transaction(Struct, frozen=True):
    """If all `compares` hold, do all `writes` at one revision; else read `reads`, also at one revision."""

    compares: tuple[Compare, ...]
    writes: tuple[Put | Delete, ...]
    reads: tuple[Range, ...]


class Read(Struct, frozen=True):
    """Read ranges, all at one revision."""

    ranges: tuple[Range, ...]


class Found(Struct, frozen=True):
    """What a Read found at `revision`, in the order of its ranges."""

    revision: int
    found: tuple[Sequence[KeyValue], ...]


class Committed(Struct, frozen=True):
    """All was written at `revision`."""

    revision: int


class Refused(Struct, frozen=True):
    """A compare failed: nothing was written; `found` answers the transaction's reads in their order."""

    revision: int
    found: tuple[tuple[KeyValue, ...], ...]


def each_once(compares: Iterable[Compare]) -> tuple[Compare, ...]:
    """Return each compare once, even if several rules ask for it."""
    return tuple({(it.range, it.revision, it.value, it.below): it for it in compares}.values())


def holds(compare: Compare, found: Sequence[KeyValue]) -> bool:
    """Return whether a compare holds for what was found in its range, as etcd would decide."""
    created = compare.revision is Revision.CREATED
    revisions = [it.create_revision if created else it.mod_revision for it in found] or [0]
    return all(it < compare.value if compare.below else it == compare.value for it in revisions)
