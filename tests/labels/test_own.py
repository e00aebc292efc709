"""The bridge's own labels: which values they accept, and what is reported for a wrong one."""

import time

import pytest

from bridge.labels.own import LABELS, Address, Own, read_own
from bridge.problem import Problem


@pytest.mark.parametrize(
    ("label", "value", "expected"),
    [
        pytest.param("bridge.application", "shop", Own(application="shop"), id="application"),
        pytest.param("bridge.network", "backbone", Own(network="backbone"), id="network"),
        pytest.param("bridge.drain-limit", "90s", Own(drain_limit=90), id="drain limit"),
        pytest.param("bridge.drain-limit", "1m30s", Own(drain_limit=90), id="drain limit of two units"),
        pytest.param("bridge.drain-limit", "500ms", Own(drain_limit=0.5), id="drain limit below a second"),
        pytest.param("bridge.drain-limit", "20", Own(drain_limit=20), id="drain limit without a unit"),
        pytest.param("bridge.application", "", Own(), id="empty application"),
        pytest.param("bridge.address", "", Own(), id="empty address"),
        pytest.param("bridge.web.address", "", Own(), id="empty address of a service"),
        pytest.param("bridge.drain-limit", "", Own(), id="empty drain limit"),
        pytest.param("bridges.address", "nonsense", Own(), id="label of another tool"),
        pytest.param("bridge", "nonsense", Own(), id="prefix without a dot"),
    ],
)
def test_label_sets_its_field(label: str, value: str, expected: Own) -> None:
    """Each label sets its field; an empty one sets nothing, and labels of other tools are not read."""
    assert read_own("web", {label: value}) == expected


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        ("10.0.0.7", "10.0.0.7", ""),
        ("10.0.0.7:8080", "10.0.0.7", "8080"),
        ("10.0.0.7:080", "10.0.0.7", "80"),
        ("node", "node", ""),
        ("NODE", "NODE", ""),
        ("node_1.example.:65535", "node_1.example.", "65535"),
        ("fd00::7", "fd00::7", ""),
        ("[fd00::7]", "fd00::7", ""),
        ("[fd00::7]:80", "fd00::7", "80"),
    ],
)
def test_address(value: str, host: str, port: str) -> None:
    """An address is an IP address or a name, with or without a port, for the container or for one service."""
    assert read_own("web", {"bridge.address": value}) == Own(address=Address(host, port, "bridge.address"))
    label = "bridge.Shop.address"
    assert read_own("web", {label: value}) == Own(addresses={"shop": Address(host, port, label)})


@pytest.mark.parametrize(
    "value",
    [
        *("http://10.0.0.7", "10.0.0.7/24", "10.0.0.7:", "10.0.0.7:0", "10.0.0.7:65536", "10.0.0.7:http", ":80"),
        *(
            "10.0.0.256",
            "fd00::7:80000",
            "[fd00::7",
            "fd00::7]:80",
            "[node]:80",
            "fe80::1%eth0",
            "a b",
            "a\ud800",
            "nöde",
            "a,b",
        ),
    ],
)
def test_invalid_address(value: str) -> None:
    """Anything else is a problem that shows how to write an address."""
    [problem] = read_own("web", {"bridge.address": value}).problems
    assert (problem.label, problem.message) == ("bridge.address", f"bridge.address does not accept {value!r}.")
    assert problem.hint == "write an address such as 10.0.0.7, node.example:8080 or [fd00::7]:80"


@pytest.mark.parametrize("value", ["[" + ":" * 32_000, "[a" + "a:" * 16_000, ":" * 100_000, "1." * 50_000])
def test_long_address_is_read_fast(value: str) -> None:
    """Reading an address takes little time, however long it is and whatever it contains."""
    began = time.process_time()
    assert read_own("web", {"bridge.address": value}).problems
    assert time.process_time() - began < 5


@pytest.mark.parametrize("label", ["bridge.address", "bridge.shop.address", "bridge.drain-limit"])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("http://admin:hunter2@10.0.0.7", "http://***@10.0.0.7"),
        ("http://admin:hun/ter2@10.0.0.7", "http://***@10.0.0.7"),
        ("admin:hunter2@10.0.0.7", "***@10.0.0.7"),
    ],
)
def test_password_in_wrong_value_is_not_shown(label: str, value: str, shown: str) -> None:
    """What a label does not accept is shown without user and password."""
    [problem] = read_own("web", {label: value}).problems
    assert problem.message == f"{label} does not accept {shown!r}."


@pytest.mark.parametrize("value", ["0", "0s", "-5s", "5 min", "soon", "1d"])
def test_invalid_drain_limit(value: str) -> None:
    """A drain limit is a duration above zero."""
    [problem] = read_own("web", {"bridge.drain-limit": value}).problems
    assert problem.message == f"bridge.drain-limit does not accept {value!r}."
    assert problem.hint.startswith("write a number with a unit")


@pytest.mark.parametrize(
    ("label", "hint"),
    [
        ("bridge.adress", "did you mean bridge.address?"),
        ("bridge.drain_limit", "did you mean bridge.drain-limit?"),
        ("bridge.Network", "did you mean bridge.network?"),
        ("BRIDGE.application", "did you mean bridge.application?"),
        ("bridge.web.adress", "did you mean bridge.web.address?"),
        ("bridge.Web.port", "did you mean bridge.Web.address?"),
        ("bridge..address", "did you mean bridge.address?"),
        ("bridge.xyzzy", "known labels: bridge.address, bridge.<service>.address"),
        ("bridge.a.b.address", "did you mean bridge.address?"),
        ("bridge.\ud800.address", "did you mean bridge.\\ud800.address?"),
    ],
)
def test_unknown_label_is_reported_with_nearest(label: str, hint: str) -> None:
    """An unknown label of the bridge is never ignored but reported, with the nearest known one."""
    [problem] = read_own("web", {label: "x"}).problems
    assert (problem.container, problem.message) == ("web", "The bridge has no such label.")
    assert problem.hint.startswith(hint)
    assert str(problem).isprintable()
    problem.label.encode()


def test_every_wrong_label_is_reported() -> None:
    """Each wrong label is a problem of its own; any of them voids the correct ones."""
    own = read_own("web", {"bridge.adress": "x", "bridge.drain-limit": "x", "bridge.application": "shop"})
    assert [problem.label for problem in own.problems] == ["bridge.adress", "bridge.drain-limit"]
    assert own == Own(problems=own.problems)


def test_address_contradicts_network() -> None:
    """An address contradicts a network; the address of a single service does not."""
    both = {"bridge.address": "10.0.0.7", "bridge.network": "backbone"}
    message = "bridge.network already says where the container is."
    hint = "remove bridge.address or bridge.network"
    assert read_own("web", both).problems == (Problem("web", "bridge.address", message, hint),)
    assert not read_own("web", {"bridge.web.address": "10.0.0.7", "bridge.network": "backbone"}).problems


def test_listed_labels_accept_their_examples() -> None:
    """Every label of the list is known and accepts the example value."""
    for name, example, meaning in LABELS:
        own = read_own("web", {name.replace("<service>", "web"): example})
        assert meaning
        assert own != Own()
        assert not own.problems
