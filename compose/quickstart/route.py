"""Checks with a request through Traefik that the quick start routes."""

import http.client

from tests.lab.ports import LOOPBACK
from tests.lab.shell import PartUnavailableError, progress
from tests.lab.wait import DeadlineError, wait_for

HOST = "whoami.localhost"
ROUTED_WITHIN = 60.0
REQUEST_TIMEOUT = 2.0


def wait(port: int) -> str:
    """Return whoami's answer as soon as Traefik, at this port of the loopback address, routes to it."""
    seen = ["no answer"]

    def answer() -> str | None:
        status, body = get(port, HOST)
        seen[:] = [f"the last answer is {status} {body.strip()}"]
        return body if status == http.client.OK else None

    with progress(f"Waiting for the route to {HOST}"):
        try:
            return wait_for(answer, ROUTED_WITHIN, lambda: seen[0]) or ""
        except DeadlineError as error:
            raise PartUnavailableError(f"{HOST} is not routed: {error}") from error


def get(port: int, host: str) -> tuple[int, str]:
    """Return status and body of a response for a host, or 0 and the error."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=REQUEST_TIMEOUT)
    try:
        connection.request("GET", "/", headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()
