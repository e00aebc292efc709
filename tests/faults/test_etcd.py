"""Faults of etcd: nothing is removed, nothing is lost, and soon after its end all is as it is to be."""

import pytest

from tests.faults.etcd_faults import FAULTS, Fault
from tests.faults.world import World, idle, short_and_long, wait


@pytest.mark.parametrize("name", FAULTS)
@short_and_long
def test_a_fault_of_etcd(world: World, name: str, long: bool) -> None:  # noqa: FBT001
    """Containers change while etcd, or a part of it, is away: it is waited for, and made up for."""
    fault: Fault = FAULTS[name]
    with world.ordeal(name), fault.on(world):
        world.docker.churn(world.chance)
        with idle(world, name):
            wait(fault.long if long else fault.short)
