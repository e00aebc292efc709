"""Proves that the quick start routes, by a request through Traefik."""

import http.client

from tests.lab.shell import PartUnavailableError, progress
from tests.lab.wait import DeadlineError, wait_for

LOOPBACK = "127.0.0.1"
HOST = "whoami.localhost"
ROUTED_WITHIN = 60.0
REQUEST_TIMEOUT = 2.0


def wait(port: int) -> str:
    """Return whoami's answer, once Traefik at a port of the loopback address leads to it."""
    seen = ["no answer"]

    def answer() -> str | None:
        status, body = _get(port)
        seen[:] = [f"the last answer is {status} {body.strip()}"]
        return body if status == http.client.OK else None

    with progress(f"Waiting for the route to {HOST}"):
        try:
            return wait_for(answer, ROUTED_WITHIN, lambda: seen[0]) or ""
        except DeadlineError as error:
            raise PartUnavailableError(f"{HOST} is not routed: {error}") from error


def _get(port: int) -> tuple[int, str]:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=REQUEST_TIMEOUT)
    try:
        connection.request("GET", "/", headers={"Host": HOST})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()
