"""The advertise address is that of the named interface, or the setting as it is."""

import subprocess
import uuid
from collections.abc import Iterator

import pytest

from bridge.machine.interface import AddressUnavailableError, advertised

pytestmark = pytest.mark.anyio


@pytest.fixture
def interface() -> Iterator[str]:
    """Return a network interface without an address."""
    name = f"lab{uuid.uuid4().hex[:8]}"
    ip("link", "add", name, "type", "bridge")
    yield name
    ip("link", "delete", name)


def ip(*arguments: str) -> None:
    """Run the ip command, or skip the test if it fails."""
    made = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"interfaces cannot be made here: {made.stderr.strip()}")


async def test_interface_stands_for_its_address(interface: str) -> None:
    """An interface stands for its first IPv4 address, else for a global IPv6 one; it is unavailable without."""
    with pytest.raises(AddressUnavailableError, match=f"the network interface {interface} has no address"):
        await advertised(interface)
    ip("address", "add", "fe80::7/64", "dev", interface, "nodad")
    with pytest.raises(AddressUnavailableError):
        await advertised(interface)
    ip("address", "add", "fd0e:77::7/64", "dev", interface, "nodad")
    assert await advertised(interface) == "fd0e:77::7"
    ip("address", "add", "10.254.77.7/24", "dev", interface)
    ip("address", "add", "10.254.78.7/24", "dev", interface)
    assert await advertised(interface) == "10.254.77.7"


async def test_interface_counts_before_host_name(interface: str) -> None:
    """A text that looks like a host name is an interface if there is one of that name."""
    vlan = f"{interface[:6]}.a"
    ip("link", "set", interface, "name", vlan)
    try:
        ip("address", "add", "10.254.77.7/24", "dev", vlan)
        assert await advertised(vlan) == "10.254.77.7"
    finally:
        ip("link", "set", vlan, "name", interface)
    assert await advertised(vlan) == vlan


@pytest.mark.parametrize("text", ["", "10.0.0.7", "fd00::7", "node.example", "node.", "a.b.c", "localhost"])
async def test_addresses_and_known_names_are_unchanged(text: str) -> None:
    """IP addresses, domain names and host names that resolve here are used as they are."""
    assert await advertised(text) == text


@pytest.mark.parametrize("text", ["nosuch0", "eth0.100"])
async def test_unknown_name_is_unavailable(text: str) -> None:
    """A text that is neither an existing interface nor a known host counts as unavailable for now."""
    with pytest.raises(AddressUnavailableError, match=f"there is no network interface and no host {text}"):
        await advertised(text)
