"""The problems of containers that disagree: who holds the name, and how the definitions differ."""

from collections.abc import Iterable

from bridge.claims.place import Rule, Verdict
from bridge.claims.records import Definition, ObjectRecord, Unreadable
from bridge.labels.model import Leaf, Ref, called
from bridge.masking import masked
from bridge.problem import Problem
from bridge.view.model import Item, Publication

WAITS = "it waits for another container"

_FOREIGN = "remove those keys from etcd or choose another name; it is tried again at the next resync"
_OWN_NAME = "choose another name, or make both definitions equal"
_ONE_SPELLING = "spell it like them, or stop them first"
_ROLLOUT = "make the labels of all containers of this application equal"


def problem(publication: Publication, item: Item, verdict: Verdict) -> Problem | None:
    """Return the problem of one object of a container; None if it is published as it wants."""
    match verdict.rule, verdict.against:
        case Rule.WAIT_FOREIGN | Rule.WAIT_CASE as rule, _:
            message, hint = _with(rule.value, verdict.spellings), _FOREIGN
        case Rule.WAIT_APPLICATION | Rule.WAIT_SHARED | Rule.DIFFER as rule, ObjectRecord() as record:
            message = f"{rule.value} ({_whose(record)}): {difference(item, record.definition)}"
            hint = _ROLLOUT if record.application == publication.application else _OWN_NAME
        case Rule.WAIT_SPELLING as rule, ObjectRecord() as record:
            message, hint = f"{rule.value} ({_whose(record)}): {_spelled(item, record.definition)}", _ONE_SPELLING
        case Rule.WAIT_UNREADABLE | Rule.DIFFER, Unreadable(reason):
            message, hint = f"the definition in force cannot be read: {reason}", ""
        case _:
            return None
    return Problem(publication.container, _label(item, verdict), f"{called(item.ref)}: {message}", hint)


def clash(publication: Publication, first: Ref, second: Ref) -> Problem:
    """Report two objects of one container whose names are the same to Traefik."""
    message = f"{called(second)} differs from {first.name} only in letter case, which is one name to Traefik"
    return Problem(publication.container, "", message, "use one spelling")


def too_large(publication: Publication) -> Problem:
    """Report a container that does not fit into one transaction."""
    message = f"what it publishes does not fit one etcd transaction (objects: {len(publication.items)})"
    hint = "spread the labels over several containers: about 100 objects and 250 kB, as keys and claims, fit"
    return Problem(publication.container, "", message, hint)


def stuck(container: str, ref: Ref) -> Problem:
    """Report a container that cannot leave: the next definition, accepted by another bridge, is too large."""
    message = f"{called(ref)}: it cannot leave, since the next definition does not fit one etcd transaction"
    return Problem(container, "", message, "remove the other container that defines it; it is tried again")


def remaining(container: str, ref: Ref, keys: Iterable[str]) -> Problem:
    """Report keys left below a removed object that could not be read: they may have been part of it."""
    message = f"{called(ref)} was written by a later version of the bridge and is removed only in part; left are"
    return Problem(container, "", f"{message} {', '.join(keys)}", "delete those keys if nobody wrote them by hand")


def unreadable(container: str, key: str, reason: str) -> Problem:
    """Report a value of a container's own that this bridge cannot read, and therefore leaves alone."""
    message = f"the key {key} in etcd cannot be read: {reason}"
    return Problem(container, "", message, "upgrade this bridge, or delete the key if it is broken")


def difference(item: Item, force: Definition) -> str:
    """Describe the first leaf in which a wanted definition differs from the one in force, secrets masked."""
    path, here, there = _first(item, force)
    if not path and here == item.ref.name:
        return _spelled(item, force)
    return f"{path or 'its bare key'} is {_shown(path, here)} here and {_shown(path, there)} there"


def _spelled(item: Item, force: Definition) -> str:
    return f"here the name is spelled {item.ref.name}, there {force.name}"


def _first(item: Item, force: Definition) -> tuple[str, str | None, str | None]:
    wants, has = {leaf.path: leaf.value for leaf in item.definition}, dict(force.leaves)
    for path in sorted({**wants, **has}):
        if wants.get(path) != has.get(path):
            return path, wants.get(path), has.get(path)
    return "", item.ref.name, force.name


def _shown(path: str, value: str | None) -> str:
    return "not set" if value is None else repr(masked(path, value))


def _whose(record: ObjectRecord) -> str:
    definer = record.definer
    return f"application {record.application}, container {definer.container} on host {definer.host}"


def _with(text: str, spellings: tuple[str, ...]) -> str:
    return f"{text}: {', '.join(spellings)}" if spellings else text


def _label(item: Item, verdict: Verdict) -> str:
    path = _first(item, verdict.against.definition)[0] if isinstance(verdict.against, ObjectRecord) else ""
    leaves: list[Leaf] = [leaf for leaf in item.definition if leaf.path == path] or list(item.definition)
    return next((label for leaf in leaves for label in leaf.labels), "")
