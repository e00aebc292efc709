"""Faults of etcd: no route is removed, no change is lost, and the view is right soon after the fault's end."""

import pytest

from tests.faults.etcd_faults import FAULTS, Fault
from tests.faults.world import World, idle, short_and_long, wait


@pytest.mark.parametrize("name", FAULTS)
@short_and_long
def test_bridge_catches_up_after_etcd_fault(world: World, name: str, long: bool) -> None:  # noqa: FBT001
    """While etcd, or a part of it, is away, the bridge waits for it; then it makes up for all changes."""
    fault: Fault = FAULTS[name]
    with world.ordeal(name), fault.on(world):
        world.docker.churn(world.chance)
        with idle(world, name):
            wait(fault.long if long else fault.short)
