"""The `docker` package, without its ssh client until an endpoint needs it; only this module imports it.

It would import paramiko if that is installed, which takes as long as the rest of its import.
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
    """Enable clients that are created from now on to reach endpoints by ssh."""
    from docker.transport.sshconn import SSHHTTPAdapter  # noqa: PLC0415 - seldom needed

    class Ssh(SSHHTTPAdapter):
        """Shares its sessions among all requests: the package opens new ones for each URL, and a host allows ten.

        That is also the size of the package's pool; further requests wait for a free session, up to the timeout.
        """

        def get_connection(self, _: object, proxies: Any = None) -> Any:  # noqa: ANN401 - as the package has it
            pool: Any = super().get_connection("", proxies)
            if not pool.block:
                pool.block, pool.urlopen = True, partial(pool.urlopen, pool_timeout=self.timeout)
            return pool

    # It also logs the traceback of everything that it raises, line by line.
    logging.getLogger("paramiko.transport").setLevel(logging.CRITICAL)
    # As the package itself does if paramiko is found.
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
