"""The `docker` package without its ssh client, until an endpoint asks for that; the only place that imports it.

It imports paramiko wherever that is installed, which takes as long as all the rest of its import.
"""

import logging
from functools import partial
from typing import Any

from bridge.absent import absent

with absent("paramiko"):
    from docker import APIClient
    from docker.api import client
    from docker.constants import DEFAULT_UNIX_SOCKET
    from docker.errors import (
        APIError,
        DockerException,
        InvalidVersion,
        TLSParameterError,
        create_api_error_from_http_exception,
    )
    from docker.tls import TLSConfig
    from docker.transport import UnixHTTPAdapter
    from docker.utils import kwargs_from_env, version_lt


def enable_ssh() -> None:
    """Let clients that are made from now on reach endpoints by ssh."""
    from docker.transport.sshconn import SSHHTTPAdapter  # noqa: PLC0415 - few need it

    class Ssh(SSHHTTPAdapter):
        """Keeps its sessions for all questions: the package opens others for each URL, and a host allows ten.

        As many as a pool of the package holds; who asks beside ten others waits for one of them, not for ever.
        """

        def get_connection(self, _: object, proxies: Any = None) -> Any:  # noqa: ANN401 - as the package has it
            pool: Any = super().get_connection("", proxies)
            if not pool.block:
                pool.block, pool.urlopen = True, partial(pool.urlopen, pool_timeout=self.timeout)
            return pool

    # Line by line it logs the traceback of what it raises as well.
    logging.getLogger("paramiko.transport").setLevel(logging.CRITICAL)
    # As the package itself does where paramiko is found.
    setattr(client, SSHHTTPAdapter.__name__, Ssh)


__all__ = [
    "DEFAULT_UNIX_SOCKET",
    "APIClient",
    "APIError",
    "DockerException",
    "InvalidVersion",
    "TLSConfig",
    "TLSParameterError",
    "UnixHTTPAdapter",
    "create_api_error_from_http_exception",
    "enable_ssh",
    "kwargs_from_env",
    "version_lt",
]
