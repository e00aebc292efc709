"""The compact mapping behaves like an ordinary one."""

from bridge.daemon.packed import Packed
from bridge.daemon.reports import Report
from bridge.labels.model import Leaf, Ref
from bridge.problem import Problem
from bridge.view.model import Item, Publication

REPORTS = {
    "1": Report("web", ("http/routers/web",)),
    "2": Report("db", reason="its labels exclude it", problems=(Problem("db", "traefik.x", "wrong", "mend it"),)),
}


def test_values_come_out_equal_and_in_order() -> None:
    """Values come out equal and in the order in which they were added; a later value replaces an earlier one."""
    packed = Packed[Report]()
    packed.update({"2": REPORTS["1"]})
    packed.update(REPORTS)
    assert packed == REPORTS
    assert [*packed] == ["2", "1"]
    assert len(packed) == 2
    assert packed.get("3") is None


def test_publication_comes_out_equal() -> None:
    """A publication comes out as it was put in, also with texts that are not UTF-8."""
    item = Item(Ref("http", "routers", "\udcff"), (Leaf("rule", "Host(`a`)", ("traefik.x",)),), ())
    published = Publication("web", "0123456789ab", "app", "2026-01-01T00:00:00.000000000Z", (item,))
    packed = Packed[Publication]()
    packed.update({published.id: published})
    assert packed[published.id] == published
