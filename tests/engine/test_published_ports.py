"""What the bridge assumes about published ports."""

import socket

from tests.lab.engine import Engine
from tests.lab.wait import wait_for

NAME, WITHIN = "for-ipv6", 20.0


def test_port_for_ipv6_only_does_not_answer_on_ipv4(each_engine: Engine) -> None:
    """A port published on [::] does not answer at an IPv4 address."""
    each_engine.cli("run", "--detach", f"--name={NAME}", "--publish=[::]::80", "traefik/whoami")
    try:
        port = int(each_engine.cli("port", NAME, "80").rpartition(":")[2])
        wait_for(lambda: answers("::1", port), WITHIN, "it does not answer by IPv6")
        assert not answers("127.0.0.1", port)
    finally:
        each_engine.cli("rm", "--force", NAME)


def answers(host: str, port: int) -> bool:
    """Return whether a connection is accepted."""
    try:
        socket.create_connection((host, port), WITHIN).close()
    except ConnectionRefusedError:
        return False
    return True
