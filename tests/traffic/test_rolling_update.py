"""An update that replaces one replica after the other, seen by those who send requests."""

from tests.traffic.site import Site, update


def test_an_update_costs_no_request(site: Site) -> None:
    """While all replicas are replaced, not one request fails: a server leaves when its stop signal is sent."""
    update(site.host.engine, site.replicas)
    site.wait_until_served_by(site.replicas)
    site.load.wait_for(100)
    assert site.load.failed() == []
