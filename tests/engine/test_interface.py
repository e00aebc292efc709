"""The advertise address as it is on this machine: an interface's address, or what was said."""

import subprocess
import uuid
from collections.abc import Iterator

import pytest

from bridge.machine.interface import AddressUnavailableError, advertised

pytestmark = pytest.mark.anyio


@pytest.fixture
def interface() -> Iterator[str]:
    """Return a network interface without any address."""
    name = f"lab{uuid.uuid4().hex[:8]}"
    ip("link", "add", name, "type", "bridge")
    yield name
    ip("link", "delete", name)


def ip(*arguments: str) -> None:
    """Change the interfaces of this machine."""
    made = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"interfaces cannot be made here: {made.stderr.strip()}")


async def test_an_interface_has_its_address(interface: str) -> None:
    """IPv4 counts first, then a lasting IPv6 address that is not of the link alone; none is waited for."""
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


async def test_an_interface_before_a_host_name(interface: str) -> None:
    """What looks like a host name is an interface where there is one of that name."""
    vlan = f"{interface[:6]}.a"
    ip("link", "set", interface, "name", vlan)
    try:
        ip("address", "add", "10.254.77.7/24", "dev", vlan)
        assert await advertised(vlan) == "10.254.77.7"
    finally:
        ip("link", "set", vlan, "name", interface)
    assert await advertised(vlan) == vlan


@pytest.mark.parametrize("text", ["", "10.0.0.7", "fd00::7", "node.example", "node.", "a.b.c", "localhost"])
async def test_anything_else_stays(text: str) -> None:
    """Addresses, names of several parts and names that are known here are passed on as they are."""
    assert await advertised(text) == text


@pytest.mark.parametrize("text", ["nosuch0", "eth0.100"])
async def test_neither_interface_nor_host(text: str) -> None:
    """What may be an interface and is none, and is no known host either, is waited for."""
    with pytest.raises(AddressUnavailableError, match=f"there is no network interface and no host {text}"):
        await advertised(text)
