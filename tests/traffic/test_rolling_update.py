"""A rolling update that replaces one replica after the other, as clients see it."""

from tests.traffic.site import Site, update


def test_rolling_update_fails_no_request(site: Site) -> None:
    """Not one request fails while all replicas are replaced, since a server leaves at its stop signal."""
    update(site.host.engine, site.replicas)
    site.wait_until_served_by(site.replicas)
    site.load.wait_for(100)
    assert site.load.failed() == []
