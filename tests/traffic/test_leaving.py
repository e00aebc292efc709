"""Containers that leave and return, as clients see it."""

import time

from tests.traffic.site import SICK, Site


def test_last_container_leaves_with_its_route(site: Site) -> None:
    """A container leaves at its stop signal while still serving, the last with its route; a start restores it."""
    last, *others = site.replicas
    engine = site.host.engine
    engine.cli("stop", *others)
    stopped = time.time()
    engine.cli("kill", "--signal", "TERM", last)
    gone = site.load.wait_for_outcome("404", since=stopped)
    assert engine.cli("inspect", "--format", "{{.State.Running}}", last) == "true"
    engine.cli("wait", last)
    site.load.wait_for(50)
    engine.cli("start", last)
    back = site.load.wait_for_outcome("200", since=gone.sent)
    site.load.wait_for(50)
    assert {request.outcome for request in site.load.failed()} == {"404"}
    assert {it.outcome for it in site.load.requests() if it.sent < gone.sent or it.sent > back.sent} == {"200"}


def test_other_replicas_serve_while_one_is_away(site: Site) -> None:
    """An unhealthy replica leaves and returns unnoticed; a paused one fails no request once it has left."""
    away, *others = site.replicas
    engine = site.host.engine
    engine.cli("exec", away, "sh", "-c", f"> {SICK}")
    site.wait_until_served_by(others)
    engine.cli("exec", away, "busybox", "rm", SICK)
    site.wait_until_served_by(site.replicas)
    assert site.load.failed() == []
    engine.cli("pause", away)
    site.wait_until_served_by(others)
    left = time.time()
    site.load.wait_for(100)
    engine.cli("unpause", away)
    site.wait_until_served_by(site.replicas)
    site.load.wait_for(100)
    assert not [request for request in site.load.failed() if request.sent > left]
