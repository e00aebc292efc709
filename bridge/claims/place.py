"""One object while its claims change: the table of rules, and what a transaction must compare for each.

    in force             claim by                              what happens
    nothing              anybody                               define (adopt if the view holds exactly that,
                                                               or only the claimant's own server)
    the same             anybody                               join
    another definition   another application                   wait
    another definition   the same, with another spelling       wait: references to it would not find it
    another definition   the same, sharing it with another     wait
    another definition   the same, its newest container        redefine
    another definition   the same, an older container          join, and report the difference

A container that already holds a claim never waits: it redefines by the same rule, or stays and reports the
difference. When the definer leaves, the newest claim succeeds it; while several applications claim the object, the
newest that agrees with the definition in force. So no definition changes unasked, nobody published is evicted, and
nobody waits while holding something.

A definition written by a later version of the bridge is left as it is, but containers can still leave it: its
definer hands it on, or removes what is known of it.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum

from msgspec import Struct, field
from msgspec.structs import replace

from bridge.claims.layout import Claimant, Layout
from bridge.claims.records import Claim, Definition, ObjectRecord, Unreadable, decode_object, with_definer
from bridge.claims.transaction import Compare, KeyValue, Range, Revision, absent, as_seen, not_newer
from bridge.labels.model import Ref
from bridge.view.keys import server

_SERVER = re.compile(
    server("[a-z0-9]([a-z0-9.-]*[a-z0-9])?", "[0-9a-f]{12}") + "/(url|weight|preservepath|address|tls)"
)


class Rule(Enum):
    """The row of the table that decided; the value says it in words."""

    DEFINE = "nobody has the name: this container defines it"
    ADOPT = "the view holds exactly this, or only this container's server, but there is no state: taken over"
    JOIN = "this is the definition in force"
    REDEFINE = "the newest container of the application redefines it"
    DIFFER = "another definition is in force: published under that one"
    WAIT_APPLICATION = "another application defines it differently"
    WAIT_SHARED = "another application shares it under another definition"
    WAIT_SPELLING = "other containers of this application spell the name differently"
    WAIT_UNREADABLE = "the definition in force cannot be read"
    WAIT_FOREIGN = "somebody else wrote keys of this name"
    WAIT_CASE = "somebody else wrote keys of this name in another letter case"

    @property
    def waits(self) -> bool:
        """Whether the container waits as a whole."""
        return self.name.startswith("WAIT")


class Verdict(Struct, frozen=True):
    """The outcome for one claim and the rule that decided it; `against` is the definition in force if it differs.

    `among_others` says that the outcome depends on which other claims the object has, and on their age.
    """

    ref: Ref
    rule: Rule
    against: ObjectRecord | Unreadable | None = None
    spellings: tuple[str, ...] = ()
    among_others: bool = False


class Held(Struct, frozen=True):
    """What a range held at a revision, by key."""

    revision: int
    keys: Mapping[str, KeyValue]


class Place(Struct):
    """One object, by its folded name: as last seen, and as it will be after all that was decided so far.

    `read` is the revision at which all `claims` were read; if it is None, they are only those of the containers
    that are decided now. `revisions` are the mod revisions of the claims. While `trusting`, what was not read is
    assumed to be empty, since the transaction compares it; `compared` are the spellings under which it compares
    the view. `redefined` says that the definition changes for those who claim it. If the definition in force
    cannot be read, `text` is its new value, `known` are the leaves that are removed with it, and `remains` are the
    other keys below its name, of which nothing is known.
    """

    ref: Ref
    layout: Layout
    seen: KeyValue | None
    record: ObjectRecord | Unreadable | None
    claims: dict[Claimant, Claim | Unreadable]
    revisions: Mapping[Claimant, int]
    read: int | None
    spellings: frozenset[str]
    ranges: Mapping[Range, Held]
    trusting: bool
    exact: list[Compare] = field(default_factory=list)
    claims_compares: list[Compare] = field(default_factory=list)
    view_compares: list[Compare] = field(default_factory=list)
    compared: set[str] = field(default_factory=set)
    needs: set[Range] = field(default_factory=set)
    redefined: bool = False
    text: str = ""
    known: Mapping[str, str] = field(default_factory=dict)
    remains: tuple[str, ...] = ()

    def rule(self, me: Claimant, claim: Claim, *, holds: bool) -> Verdict:
        """Apply the table to a claim, which `me` already `holds` or not; the result is void if it `needs` more."""
        record, among_others = self.record, False
        if record is None:
            return self._free(me, claim)
        if isinstance(record, Unreadable):
            rule = Rule.DIFFER if holds else Rule.WAIT_UNREADABLE
        elif claim.wants == record.definition:
            rule = Rule.JOIN
        elif claim.application != record.application:
            rule = Rule.DIFFER if holds else Rule.WAIT_APPLICATION
        elif claim.wants.name != record.definition.name and not holds:
            # An object keeps its spelling while it exists, and references must match its letter case.
            rule = Rule.WAIT_SPELLING
        elif holds and (record.created, record.definer) > (claim.created, me):
            rule = Rule.DIFFER
        else:
            rule, among_others = self._rollout(me, claim, record, holds=holds), True
        return Verdict(self.ref, rule, record if rule is not Rule.JOIN else None, among_others=among_others)

    def _rollout(self, me: Claimant, claim: Claim, record: ObjectRecord, *, holds: bool) -> Rule:
        if self.read is None:
            self.needs.add(self.layout.claims(self.ref))
        others = {who: other for who, other in self.claims.items() if who != me}
        if not all(_application(other) == claim.application for other in others.values()):
            return Rule.DIFFER if holds else Rule.WAIT_SHARED
        newest = all(_age(who, other) < (claim.created, me) for who, other in others.items())
        # Equal leaves: earlier bridges let a container hold a name in another letter case.
        if not newest or claim.wants.leaves == record.definition.leaves:
            return Rule.DIFFER
        if self._obstructed(replace(claim.wants, name=record.definition.name)):
            return Rule.DIFFER if holds else Rule.WAIT_FOREIGN
        return Rule.REDEFINE

    def _free(self, me: Claimant, claim: Claim) -> Verdict:
        wants = claim.wants
        others = self.spellings - {wants.name}
        if others:
            return Verdict(self.ref, Rule.WAIT_CASE, None, tuple(sorted(others)))
        if self.seen:
            return Verdict(self.ref, Rule.WAIT_FOREIGN if self._obstructed(wants) else Rule.DEFINE)
        if self.trusting or not self._looked_up(wants.name) or not self.found(wants.name):
            return Verdict(self.ref, Rule.DEFINE)
        found = self.found(wants.name)
        definition = {key: value for key, value in found.items() if not self._is_server(wants.name, key)}
        own = self.view_key(wants.name, f"{server(me.host, me.container)}/")
        adopts = definition == self.shown(wants) or all(key.startswith(own) for key in found)
        return Verdict(self.ref, Rule.ADOPT if adopts else Rule.WAIT_FOREIGN)

    def _obstructed(self, definition: Definition) -> bool:
        """Return whether a leaf that this definition would add to the one in force was already written by hand."""
        added = self._added(definition)
        return (
            bool(added)
            and not self.trusting
            and self._looked_up(definition.name)
            and bool(added & self.found(definition.name).keys())
        )

    def _looked_up(self, name: str) -> bool:
        missing = self.unread_view(name)
        self.needs.update(missing)
        return not missing

    def unread_view(self, name: str) -> list[Range]:
        """Return the ranges of the view under this spelling that were not read."""
        return [keys for keys in self._view(name) if keys not in self.ranges]

    def _added(self, definition: Definition) -> set[str]:
        return self.shown(definition).keys() - self.before().keys()

    def before(self) -> Mapping[str, str]:
        """Return the leaves in the view of the definition that was in force, as far as they are known."""
        record = decode_object(self.seen.value) if self.seen else None
        return self.shown(record.definition) if isinstance(record, ObjectRecord) else self.known

    def found(self, name: str) -> dict[str, str]:
        """Return the leaves that were read in the view under this spelling."""
        held = (self.ranges.get(keys) for keys in self._view(name))
        return {seen.key: seen.value for part in held if part for seen in part.keys.values()}

    def _is_server(self, name: str, key: str) -> bool:
        return bool(_SERVER.fullmatch(key.removeprefix(self._view(name)[0].key)))

    def apply(self, me: Claimant, claim: Claim, verdict: Verdict) -> None:
        """Apply a claim that does not wait."""
        self.claims[me] = claim
        match verdict.rule:
            case Rule.DEFINE:
                self._unchanged("define: the object is absent")
                self._record(me, claim, claim.wants)
                if self.seen is None:
                    self._view_empty(claim.wants.name)
            case Rule.ADOPT:
                self._unchanged("adopt: the object is absent")
                self._record(me, claim, claim.wants)
                self._view_unchanged(claim.wants.name)
            case Rule.REDEFINE:
                assert isinstance(self.record, ObjectRecord)
                self._unchanged("redefine: the object is unchanged")
                self._no_newer("redefine: no claim is newer")
                self._record(me, claim, replace(claim.wants, name=self.record.definition.name))
            case _:
                self._unchanged("join: the object is unchanged")

    def verify(self) -> None:
        """Require what a container waits for or differs from to be unchanged, so that its watch misses nothing."""
        self._unchanged("wait: the object is unchanged")

    def leave(self, leavers: Iterable[Claimant]) -> None:
        """Drop claims, and the definition with them if no other claim is left."""
        gone = {who: self.claims.pop(who) for who in leavers if who in self.claims}
        if not gone:
            return
        definer = gone.get(self.record.definer) if self.record and self.record.definer else None
        if self.record is None or definer is None:
            self._unchanged("leave: the object is unchanged")
        elif self.read is None and (self.claims or not self.trusting):
            self.needs.add(self.layout.claims(self.ref))
        elif self.claims:
            self._succeed(self.record, _force(self.record, definer))
        else:
            self._unchanged("last: the object is unchanged")
            self._no_other()
            if isinstance(self.record, Unreadable):
                self._clear(_force(self.record, definer))
            self.record = None

    def _clear(self, force: Definition) -> None:
        """Remove what is known of a definition that cannot be read; the other keys may be anybody's."""
        if self._looked_up(force.name):
            shown, found = self.shown(force), self.found(force.name)
            self._view_unchanged(force.name)
            self.known = {key: value for key, value in shown.items() if found.get(key) == value}
            rest = found.keys() - self.known.keys()
            self.remains = tuple(sorted(key for key in rest if not self._is_server(force.name, key)))

    def _succeed(self, record: ObjectRecord | Unreadable, force: Definition) -> None:
        several = len({_application(claim) for claim in self.claims.values()}) > 1
        agreeing = {who: claim for who, claim in self.claims.items() if _agrees(claim, force)}
        pool = (several and agreeing) or self.claims
        who = max(pool, key=lambda who: _age(who, pool[who]))
        claim = pool[who]
        self._unchanged("succession: the object is unchanged")
        self._no_newer("succession: no claim is newer")
        self.exact.append(
            Compare(
                Range(self.layout.claim(self.ref, who)),
                Revision.MODIFIED,
                self.revisions.get(who, 0),
                why="succession: the successor's claim is unchanged",
            )
        )
        if isinstance(record, Unreadable):
            self._hand_on(who, claim)
        elif isinstance(claim, Unreadable):
            self.record = ObjectRecord(force, who, *_about(claim))
        else:
            wants = replace(claim.wants, name=force.name)
            keeps = several or self._obstructed(wants)
            self._record(who, claim, force if keeps else wants)

    def _hand_on(self, who: Claimant, claim: Claim | Unreadable) -> None:
        assert self.seen
        self.text = with_definer(self.seen.value, who, *_about(claim))
        self.record = decode_object(self.text)

    def _record(self, who: Claimant, claim: Claim, definition: Definition) -> None:
        self.redefined |= isinstance(self.record, ObjectRecord) and self.record.definition != definition
        self.record = ObjectRecord(definition, who, claim.application, claim.created)

    def shown(self, definition: Definition) -> dict[str, str]:
        """Return the leaves of a definition as keys of the view."""
        return {self.view_key(definition.name, path): value for path, value in definition.leaves}

    def view_key(self, name: str, path: str) -> str:
        """Return a key of the view below this object, in this spelling."""
        return self.layout.view_key(self.ref._replace(name=name), path)

    def finish(self) -> set[Range]:
        """Require that leaves added to an object were not written by hand; return what must be read first."""
        if self.seen and isinstance(self.record, ObjectRecord):
            why = "redefine: an added leaf is absent"
            if added := sorted(self._added(self.record.definition)):
                self._compare_view(self.record.definition.name, [absent(Range(key), why) for key in added])
        return self.needs

    def _unchanged(self, why: str) -> None:
        self.exact.append(as_seen(self.layout.object(self.ref), self.seen, why))

    def _no_newer(self, why: str) -> None:
        assert self.read is not None
        self.claims_compares.append(not_newer(self.layout.claims(self.ref), self.read, why))

    def _no_other(self) -> None:
        why = "last: there is no other claim"
        known = [self.layout.claim(self.ref, who) for who in self.revisions]
        gaps = _gaps(self.layout.claims(self.ref), known)
        self.claims_compares += [absent(gap, why) for gap in gaps]

    def _view_empty(self, name: str) -> None:
        below, bare = self._view(name)
        why = "define: the view has nothing below the name", "define: the view has no bare leaf"
        self._compare_view(name, [absent(below, why[0]), absent(bare, why[1])])

    def _view_unchanged(self, name: str) -> None:
        why = "adopt: the view is unchanged"
        read = self.view_read(name)
        self._compare_view(name, [not_newer(keys, read, why) for keys in self._view(name)])

    def _compare_view(self, name: str, asked: list[Compare]) -> None:
        self.compared.add(name)
        self.view_compares += asked

    def view_read(self, name: str) -> int:
        """Return the revision at which the view was read under this spelling."""
        return min(self.ranges[keys].revision for keys in self._view(name))

    def _view(self, name: str) -> tuple[Range, Range]:
        ref = self.ref._replace(name=name)
        return self.layout.view_object(ref), Range(self.layout.view_key(ref))


def _application(claim: Claim | Unreadable) -> str:
    return claim.application if isinstance(claim, Claim) else ""


def _about(claim: Claim | Unreadable) -> tuple[str, str]:
    """Return the application and creation time of a definer's container, as far as its claim says."""
    said = claim if isinstance(claim, Claim) else claim.like
    return (said.application, said.created) if said else ("", "")


def _force(record: ObjectRecord | Unreadable, definer: Claim | Unreadable) -> Definition:
    """Return the definition in force; if it cannot be read, what it looks like, or else what its definer wants."""
    said = record if isinstance(record, ObjectRecord) else record.like
    if isinstance(said, ObjectRecord):
        return said.definition
    assert isinstance(definer, Claim), "a container whose claims cannot be read does not leave"
    return replace(definer.wants, name=definer.name)


def _agrees(claim: Claim | Unreadable, force: Definition) -> bool:
    return isinstance(claim, Claim) and claim.wants.leaves == force.leaves


def _age(who: Claimant, claim: Claim | Unreadable) -> tuple[str, Claimant]:
    return (claim.created if isinstance(claim, Claim) else "", who)


def _gaps(keys: Range, known: Iterable[str]) -> list[Range]:
    """Return the parts of a range between known keys; etcd orders keys by their bytes."""
    starts, ends = [keys.key], []
    for key in sorted(known, key=str.encode):
        ends.append(key)
        starts.append(f"{key}\0")
    return [Range(start, end) for start, end in zip(starts, [*ends, keys.end], strict=True)]
