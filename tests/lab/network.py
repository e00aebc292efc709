"""Hosts with their own addresses on one machine: network namespaces that a test can disconnect."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.lab import bridge_device, guard
from tests.lab.bridge_device import BridgeDevice
from tests.lab.shell import Command, run


@dataclass(frozen=True, slots=True)
class Network:
    """A network to which this process is connected too."""

    device: BridgeDevice

    def address(self, number: int) -> str:
        """Return the address of a host by its number, from 1 on; 0 is this process."""
        return str(self.device.range[1 + number])


@dataclass(frozen=True, slots=True)
class NetworkHost:
    """A network namespace with the same number in each of its networks."""

    name: str
    number: int
    networks: tuple[Network, ...]

    @property
    def inside(self) -> Command:
        """The prefix for a command to run inside, in the same process."""
        return ("ip", "netns", "exec", self.name)

    def cut(self, network: Network) -> None:
        """Disconnect from a network: packets are lost, not rejected."""
        run(["ip", "link", "set", self._plug(network), "down"])

    def join(self, network: Network) -> None:
        """Reconnect to a network."""
        run(["ip", "link", "set", self._plug(network), "up"])

    def connect(self, network: Network) -> None:
        """Connect the namespace to a network; to be called once."""
        plug, port = self._plug(network), f"net{self.networks.index(network)}"
        run(["ip", "link", "add", plug, "type", "veth", "peer", "name", port, "netns", self.name])
        run(["ip", "link", "set", plug, "master", network.device.name, "up"])
        prefix = network.device.address.network.prefixlen
        run([*self.inside, "ip", "address", "add", f"{network.address(self.number)}/{prefix}", "dev", port])
        run([*self.inside, "ip", "link", "set", port, "up"])

    def _plug(self, network: Network) -> str:
        return f"{network.device.name}p{self.number}"


@contextmanager
def make_network() -> Iterator[Network]:
    """Create a network until the block ends."""
    device = bridge_device.make()
    with _undone(["ip", "link", "delete", device.name]):
        yield Network(device)


@contextmanager
def make_host(number: int, *networks: Network) -> Iterator[NetworkHost]:
    """Create a host in these networks until the block ends."""
    host = NetworkHost(f"{networks[0].device.name}-{number}", number, networks)
    run(["ip", "netns", "add", host.name])
    with _undone(["ip", "netns", "delete", host.name]):
        run([*host.inside, "ip", "link", "set", "lo", "up"])
        for network in networks:
            host.connect(network)
        yield host


@contextmanager
def _undone(command: list[str]) -> Iterator[None]:
    """Run a command when the block ends, or if this process dies before that."""
    token = guard.on_death(command)
    with ExitStack() as stack:
        stack.callback(guard.revoke, token)
        stack.callback(run, command)
        yield
