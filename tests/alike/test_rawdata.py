"""What is made comparable of Traefik's answer, and what is left as it is."""

from tests.alike.rawdata import of_provider


def test_only_references_lose_the_provider() -> None:
    """The provider's name goes from names and references; a value that only looks like one keeps it."""
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
