"""Logging in is a call like any other: a bridge that is harmed there causes no lasting damage."""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.daemon.test_etcd_access import documented, run, write_passwords
from tests.faults.points import REACHED, Point, Points, every
from tests.faults.test_bridge import EARLIER, PRODUCT
from tests.faults.world import HEALED_WITHIN
from tests.lab.bridge import Bridge
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer, FakeEngine
from tests.lab.wait import wait_for

ROUTED = '"event": "routed"'
SOME = [Point("login 1", "before", "STOP"), Point("login 1", "after", "LOSE")]


def wait_until_logged(bridge: Bridge, text: str) -> None:
    """Wait until a bridge has logged a text."""
    wait_for(lambda: text in bridge.log(), HEALED_WITHIN, bridge.process.tail)


def make_up_for(bridge: Bridge, harm: str) -> None:
    """Start the next bridge after a killed one, or resume a frozen one."""
    if harm == "KILL":
        bridge.process.wait(HEALED_WITHIN)
        bridge.program = PRODUCT
        bridge.start()
    if harm == "STOP":
        os.waitid(os.P_PID, bridge.process.pid, os.WSTOPPED)
        bridge.process.send(signal.SIGCONT)


@pytest.mark.parametrize("points", [pytest.param(SOME, id="some"), *every(("login 1",), "KILL", "STOP", "LOSE")])
def test_bridge_harmed_at_login(start_etcd: Callable[..., Etcd], tmp_path: Path, points: Points) -> None:
    """Whether a bridge is killed, frozen or not answered at its login, it or the next one routes.

    None of them waits for an earlier bridge, since none has taken a lease before.
    """
    etcd = start_etcd("3.7")
    write_passwords(tmp_path)
    run(documented("etcd"), tmp_path, etcd)
    account = {"etcd_username": "bridge", "etcd_password_file": str(tmp_path / "bridge.password")}
    with FakeEngine() as engine, ExitStack() as stack:
        engine.run(FakeContainer("web"))
        bridges = [Bridge(engine, etcd, host_name=f"h{number}", **account) for number in range(len(points))]
        for bridge, point in zip(bridges, points, strict=True):
            stack.callback(bridge.remove)
            bridge.program = point.program
            bridge.start()
        for bridge, point in zip(bridges, points, strict=True):
            wait_until_logged(bridge, REACHED)
            make_up_for(bridge, point.harm)
        for bridge in bridges:
            wait_until_logged(bridge, ROUTED)
            assert EARLIER not in bridge.log()
