"""Which parts of Traefik's answer are made comparable, and which are left as they are."""

from tests.alike.rawdata import differing, named, of_provider


def test_provider_is_removed_only_from_references() -> None:
    """The provider's name is removed from names and references; a value that only looks like one keeps it."""
    router = {"service": "s@docker", "middlewares": ["m@docker", "n@file"], "rule": "Header(`a`, `m@docker`)"}
    middleware = {
        "headers": {"customRequestHeaders": {"X-From": "m@docker", "service": "s@docker"}},
        "usedBy": ["r@docker"],
        "error": ['middleware "m@docker" does not exist'],
    }
    told = {
        "routers": {"r@docker": router, "other@file": {}},
        "services": {"s@docker": {"loadBalancer": {"serversTransport": "t@docker"}}},
        "middlewares": {"m@docker": middleware, "c@docker": {"chain": {"middlewares": ["m@docker"]}}},
    }
    assert of_provider(told, "docker") == {
        "routers": {"r": {"service": "s", "middlewares": ["m", "n@file"], "rule": "Header(`a`, `m@docker`)"}},
        "services": {"s": {"loadBalancer": {"serversTransport": "t"}}},
        "middlewares": {
            "m": {
                "headers": {"customRequestHeaders": {"X-From": "m@docker", "service": "s@docker"}},
                "usedBy": ["r"],
                "error": ['middleware "m" does not exist'],
            },
            "c": {"chain": {"middlewares": ["m"]}},
        },
    }


def test_addresses_are_replaced_by_names() -> None:
    """A known address is replaced by its name, before servers are sorted; one with the same beginning is kept."""
    servers = [{"url": "http://10.0.0.9:80"}, {"url": "http://10.0.0.10:80"}, {"url": "http://10.0.0.100:80"}]
    told = {"services": {"s@docker": {"loadBalancer": {"servers": servers}}}}
    names = {"10.0.0.9": "one", "10.0.0.10": "two"}
    urls = ["http://10.0.0.100:80", "http://one:80", "http://two:80"]
    assert of_provider(named(told, names), "docker") == {
        "services": {"s": {"loadBalancer": {"servers": [{"url": url} for url in urls]}}}
    }


def test_only_fields_that_the_case_names_count() -> None:
    """Of an object that differs, only the fields that the case specifies count, absent ones as None."""
    has = {"services": {"s": {"loadBalancer": {"servers": [{}], "strategy": "wrr"}, "status": "enabled"}}}
    told = {"services": {"s": {"loadBalancer": {"servers": None}, "usedBy": None}}}
    assert differing(has, {}, told) == {"services": {"s": {"loadBalancer": {"servers": [{}]}, "usedBy": None}}}
    assert differing(has, has, told) == {}
