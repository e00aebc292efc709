"""What containers are told that disagree: the label at fault, who holds the name, and what to do about it."""

import pytest
from msgspec.structs import replace

from bridge.claims import problems
from bridge.claims.layout import Claimant
from bridge.claims.place import Rule, Verdict
from bridge.claims.records import Definition, ObjectRecord, Unreadable
from bridge.labels.model import Leaf, Ref
from bridge.problem import Problem
from bridge.view.model import Item
from tests.claims.world import publication

REF = Ref("http", "routers", "web")
ITEM = Item(REF, (Leaf("priority", "5", ("a.priority",)), Leaf("rule", "x", ("a.rule", "b.rule"))))
SHOP = publication("c1", ITEM, application="shop")
THEIRS = "(application blog, container 0123456789ab on host h2)"
OURS = THEIRS.replace("blog", "shop")


def force(application: str = "blog", name: str = "web", **leaves: str) -> ObjectRecord:
    """Return a definition in force, of a container on another host."""
    definition = Definition(name, tuple(sorted(leaves.items())))
    return ObjectRecord(definition, Claimant("h2", "0123456789ab"), application, "1")


@pytest.mark.parametrize(
    ("verdict", "label", "message", "hint"),
    [
        pytest.param(
            Verdict(REF, Rule.WAIT_APPLICATION, force(priority="5", rule="y")),
            "a.rule",
            f"another application defines it differently {THEIRS}: rule is 'x' here and 'y' there",
            "choose another name, or make both definitions equal",
            id="another-application",
        ),
        pytest.param(
            Verdict(REF, Rule.WAIT_SHARED, force("shop", priority="6", rule="y")),
            "a.priority",
            f"another application shares it under another definition {OURS}: priority is '5' here and '6' there",
            "make the labels of all containers of this application equal",
            id="shared",
        ),
        pytest.param(
            Verdict(REF, Rule.DIFFER, force("shop", priority="5")),
            "a.rule",
            f"another definition is in force: published under that one {OURS}: rule is 'x' here and not set there",
            "make the labels of all containers of this application equal",
            id="more-here",
        ),
        pytest.param(
            Verdict(REF, Rule.DIFFER, force(priority="5", rule="x", service="api")),
            "a.priority",
            f"another definition is in force: published under that one {THEIRS}:"
            " service is not set here and 'api' there",
            "choose another name, or make both definitions equal",
            id="more-there",
        ),
        pytest.param(
            Verdict(REF, Rule.DIFFER, force(name="Web", priority="5", rule="x")),
            "a.priority",
            f"another definition is in force: published under that one {THEIRS}:"
            " here the name is spelled web, there Web",
            "choose another name, or make both definitions equal",
            id="only-spelled-differently",
        ),
        pytest.param(
            Verdict(REF, Rule.WAIT_SPELLING, force("shop", "Web", priority="5", rule="y")),
            "a.rule",
            f"other containers of this application spell the name differently {OURS}:"
            " here the name is spelled web, there Web",
            "spell it like them, or stop them first",
            id="spelling",
        ),
        pytest.param(
            Verdict(REF, Rule.WAIT_FOREIGN),
            "a.priority",
            "somebody else wrote keys of this name",
            "remove those keys from etcd or choose another name; it is tried again at the next resync",
            id="foreign",
        ),
        pytest.param(
            Verdict(REF, Rule.WAIT_CASE, None, ("WEB", "Web")),
            "a.priority",
            "somebody else wrote keys of this name in another letter case: WEB, Web",
            "remove those keys from etcd or choose another name; it is tried again at the next resync",
            id="foreign-in-another-case",
        ),
        *(
            pytest.param(
                Verdict(REF, rule, Unreadable("its format is 9")),
                "a.priority",
                "the definition in force cannot be read: its format is 9",
                "",
                id=name,
            )
            for rule, name in ((Rule.WAIT_UNREADABLE, "waits-for-later"), (Rule.DIFFER, "stays-under-later"))
        ),
    ],
)
def test_conflict_names_label_definer_and_remedy(verdict: Verdict, label: str, message: str, hint: str) -> None:
    """The problem names the label of the first leaf that differs, who defines the object, and the way out."""
    assert problems.problem(SHOP, ITEM, verdict) == Problem("c1", label, f"http router web: {message}", hint)


@pytest.mark.parametrize("rule", [Rule.DEFINE, Rule.ADOPT, Rule.JOIN])
def test_agreeing_container_has_no_problem(rule: Rule) -> None:
    """A container whose definition is in force is told nothing."""
    assert problems.problem(SHOP, ITEM, Verdict(REF, rule)) is None


def test_redefining_container_has_no_problem() -> None:
    """A container that redefines an object is told nothing, though another definition was in force before."""
    assert problems.problem(SHOP, ITEM, Verdict(REF, Rule.REDEFINE, force("shop", rule="y"))) is None


def test_differing_leaf_without_label_blames_no_label() -> None:
    """If no label made the leaf that differs, as with the default rule, no label is blamed for it."""
    item = Item(REF, (Leaf("priority", "5", ("a.priority",)), Leaf("rule", "x", (), "default rule")))
    told = problems.problem(SHOP, item, Verdict(REF, Rule.WAIT_APPLICATION, force(priority="5", rule="y")))
    assert told
    assert told.label == ""


def test_differing_bare_key_is_named() -> None:
    """An object's bare key that differs is called so."""
    item = Item(REF, (Leaf("", "true"),))
    told = problems.difference(item, replace(force().definition, leaves=(("", "false"),)))
    assert told == "its bare key is 'true' here and 'false' there"


def test_differing_secrets_are_not_shown() -> None:
    """Neither side of a secret that differs is told."""
    item = Item(REF, (Leaf("basicauth/users", "me:mine"),))
    told = problems.difference(item, replace(force().definition, leaves=(("basicauth/users", "me:theirs"),)))
    assert told == "basicauth/users is '***' here and '***' there"


@pytest.mark.parametrize(
    ("told", "message", "hint"),
    [
        pytest.param(
            problems.clash(SHOP, REF, Ref("http", "routers", "WEB")),
            "http router WEB differs from web only in letter case, which is one name to Traefik",
            "use one spelling",
            id="clash",
        ),
        pytest.param(
            problems.too_large(publication("c1", ITEM, ITEM)),
            "what it publishes does not fit one etcd transaction (objects: 2)",
            "spread the labels over several containers: about 100 objects and 250 kB, as keys and claims, fit",
            id="too-large",
        ),
        pytest.param(
            problems.stuck("c1", REF),
            "http router web: it cannot leave, since the next definition does not fit one etcd transaction",
            "remove the other container that defines it; it is tried again",
            id="stuck",
        ),
        pytest.param(
            problems.remaining("c1", REF, ("a/b", "a/c")),
            "http router web was written by a later version of the bridge and is removed only in part;"
            " left are a/b, a/c",
            "delete those keys if nobody wrote them by hand",
            id="remaining",
        ),
        pytest.param(
            problems.unreadable("c1", "a/b", "it is not JSON"),
            "the key a/b in etcd cannot be read: it is not JSON",
            "upgrade this bridge, or delete the key if it is broken",
            id="unreadable",
        ),
    ],
)
def test_problem_of_whole_container_names_no_label(told: Problem, message: str, hint: str) -> None:
    """What is wrong with a container as a whole is no label's fault; the keys and objects are named."""
    assert told == Problem("c1", "", message, hint)
