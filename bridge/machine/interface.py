"""The advertise address of this host: the operator names a network interface, an address or a host.

The kernel is asked for the addresses of an interface: ioctl SIOCGIFADDR for IPv4, /proc/net/if_inet6 for IPv6.
"""

import fcntl
import socket
import struct
from contextlib import suppress
from functools import partial
from pathlib import Path

import anyio
from msgspec.structs import replace

from bridge import threads
from bridge.machine.gateway import gateway
from bridge.routing.options import Options

IPV6_ADDRESSES = Path("/proc/net/if_inet6")
DEADLINE = 2.0
"""Seconds for a look-up: without a name server, it hangs."""

_SIOCGIFADDR = 0x8915
_GLOBAL = "00"
# Temporary, a duplicate, deprecated, or still being checked for duplicates.
_UNFIT = 0x01 | 0x08 | 0x20 | 0x40


class AddressUnavailableError(Exception):
    """The advertise address is not known yet; waiting may help, as for an interface at boot."""


async def located(options: Options) -> Options:
    """Return the options with the advertise address of this machine and the gateway of its containers.

    Raises AddressUnavailableError.
    """
    address = await advertised(options.advertise_address)
    return replace(options, advertise_address=address, gateway=await gateway())


async def relocated(options: Options, text: str) -> Options:
    """Return the options with the current advertise address; while it is not known, with the previous one."""
    with suppress(AddressUnavailableError):
        return replace(options, advertise_address=await advertised(text))
    return options


async def advertised(text: str) -> str:
    """Return the address of the interface that is named, or else the address or host name itself.

    A name without a dot may be either; so if it is not an interface, it must be a host name that can be looked up
    here. Raises AddressUnavailableError while an interface has no address, or a name is neither.
    """
    if not text:
        return ""
    if text in {name for _, name in socket.if_nameindex()}:
        return _ipv4(text) or _ipv6(text) or _unavailable(f"the network interface {text} has no address")
    if _is_plainly_a_host(text) or await _known(text):
        return text
    return _unavailable(f"there is no network interface and no host {text}")


def _unavailable(reason: str) -> str:
    raise AddressUnavailableError(f"{reason} (BRIDGE_ADVERTISE_ADDRESS)")


def _is_plainly_a_host(text: str) -> bool:
    """Return whether it is an IP address, or a dotted name whose last part has letters (eth0.100 is a VLAN)."""
    last = text.removesuffix(".").rpartition(".")[2]
    return ":" in text or ("." in text and (not _has_letters(text) or _has_letters(last)))


def _has_letters(text: str) -> bool:
    return any(letter.isalpha() for letter in text)


async def _known(name: str) -> bool:
    with anyio.move_on_after(DEADLINE):
        return await threads.run(partial(_looked_up, name))
    return False


def _looked_up(name: str) -> bool:
    try:
        return bool(socket.getaddrinfo(name, None))
    except OSError:
        return False


def _ipv4(interface: str) -> str:
    request = struct.pack("256s", interface.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            answer = fcntl.ioctl(asking, _SIOCGIFADDR, request)
        except OSError:
            return ""
    return socket.inet_ntoa(answer[20:24])


def _ipv6(interface: str) -> str:
    """Return the first lasting address with global scope, "" if there is none."""
    lines = IPV6_ADDRESSES.read_text("ascii").splitlines() if IPV6_ADDRESSES.exists() else []
    for address, _, _, scope, flags, name in map(str.split, lines):
        if name == interface and scope == _GLOBAL and not int(flags, 16) & _UNFIT:
            return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(address))
    return ""
