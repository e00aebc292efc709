"""Gives an engine a network bridge and an address range of its own.

Each device is created with the first free name, which also reserves its address range for one engine.
The lab's engines do not use iptables: its chains have fixed names, so each engine that starts would flush
those of the others.
"""

import ipaddress
import json
from dataclasses import dataclass

from tests.lab.shell import PartUnavailableError, run

PREFIX = "lab-bridge"
FIRST_NET = 180
DEVICES = 60


@dataclass(frozen=True, slots=True)
class BridgeDevice:
    """A bridge device and the /16 network of its engine."""

    number: int

    @property
    def name(self) -> str:
        """The device's name."""
        return f"{PREFIX}{self.number}"

    @property
    def range(self) -> ipaddress.IPv4Network:
        """All addresses of the engine: the lower half for the bridge, the upper half for further networks."""
        return ipaddress.IPv4Network(f"10.{FIRST_NET + self.number}.0.0/16")

    @property
    def address(self) -> ipaddress.IPv4Interface:
        """The bridge's own address and network."""
        return ipaddress.IPv4Interface(f"{self.range[1]}/24")

    @property
    def pool(self) -> ipaddress.IPv4Network:
        """The addresses for networks that users create."""
        return list(self.range.subnets())[1]


def make() -> BridgeDevice:
    """Create a bridge that no other engine uses."""
    routed = _routed()
    for device in map(BridgeDevice, range(DEVICES)):
        if not any(device.range.overlaps(network) for network in routed) and _made(device):
            return device
    raise PartUnavailableError(f"Docker engine: all {DEVICES} names {PREFIX}N are taken")


def _made(device: BridgeDevice) -> bool:
    try:
        run(["ip", "link", "add", device.name, "type", "bridge"])
    except PartUnavailableError as error:
        if "File exists" in str(error):
            return False
        raise
    run(["ip", "address", "add", str(device.address), "dev", device.name])
    run(["ip", "link", "set", device.name, "up"])
    return True


def _routed() -> list[ipaddress.IPv4Network]:
    routes = json.loads(run(["ip", "-4", "-json", "route"]))
    return [ipaddress.IPv4Network(route["dst"]) for route in routes if route["dst"] != "default"]
