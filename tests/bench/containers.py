"""Containers of the benchmarks, each with a router, a service, a middleware, and 500 bytes of labels."""

import hashlib
from typing import Any

LABEL_BYTES = 500


def labels(name: str) -> dict[str, str]:
    """Return the labels of a container, padded to 500 bytes of names and values."""
    said = {
        f"traefik.http.routers.{name}.rule": f"Host(`{name}.localhost`) && PathPrefix(`/api`)",
        f"traefik.http.routers.{name}.middlewares": f"{name}@docker",
        f"traefik.http.middlewares.{name}.headers.customrequestheaders.X-Name": name,
        f"traefik.http.services.{name}.loadbalancer.server.port": "8080",
    }
    length = sum(len(label) + len(value) for label, value in said.items()) + len("description")
    return said | {"description": "x" * (LABEL_BYTES - length)}


def inspection(number: int) -> dict[str, Any]:
    """Return a container as `docker inspect` shows it, reduced to the fields that the bridge reads."""
    name = f"c{number}"
    return {
        "Id": hashlib.sha256(name.encode()).hexdigest(),
        "Name": f"/{name}",
        "Created": f"2026-01-01T00:{number // 60_000:02}:{number % 60_000 / 1000:012.9f}Z",
        "State": {"Status": "running", "StartedAt": "2026-01-01T00:00:00Z"},
        "Config": {"Image": "traefik/whoami", "Labels": labels(name)},
        "HostConfig": {"NetworkMode": "default"},
        "NetworkSettings": {
            "Networks": {"bridge": {"NetworkID": "b", "IPAddress": f"10.{number >> 16}.{number >> 8 & 255}.1"}},
            "Ports": {"8080/tcp": None},
        },
    }
