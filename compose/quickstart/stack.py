"""The quick start as a whole: up, which ends with a routed request, and down."""

import shlex

from compose.quickstart import compose, engine, images, ports, route
from tests.lab import cache
from tests.lab.shell import PartUnavailableError, progress, run, say

INSIDE = "/docker.sock"
OWN_NETWORK = "bridge"
NETWORKS = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}"
NEXT = """
$ curl -H 'Host: {host}' http://localhost:{http}
{answer}
Try next:

  a container of your own    docker run --detach --rm --name hello \\
                               --label 'traefik.http.routers.hello.rule=Host(`hello.localhost`)' traefik/whoami
                             curl -H 'Host: hello.localhost' http://localhost:{http}
                             docker stop hello
  what Traefik routes        {traefik}
  what the bridge writes     {compose} exec bridge docker-event-bridge plan
  what the bridge does       {compose} logs --follow bridge
  remove everything          make down
"""


def up() -> None:
    """Start everything; PartUnavailableError says in one line what prevents it."""
    engine.refuse_impossible()
    ports.refuse_used()
    engine.ensure()
    compose.ensure()
    images.provide()
    with progress("Starting etcd, the bridge, Traefik and whoami"):
        _start()
    http = ports.port(ports.HTTP)
    answer = route.wait(http)
    _tell_what_next(http, answer)


def down() -> None:
    """Remove the containers, networks and volumes, and stop an engine that `up` started."""
    engine.refuse_without_rights()
    if engine.answers() and compose.found():
        with progress("Removing containers, networks and volumes"):
            compose.call("down", "--volumes", "--remove-orphans")
        if not engine.is_ours():
            kept = " ".join([images.BASE, *images.names()])
            say(f"Kept for a quick next start: the images (docker image rm {kept})")
    engine.stop()
    if cache.root().exists():
        say(f"Kept for a quick next start: the build cache (rm -r {cache.root()})")


def _start() -> None:
    variables = {"DOCKER_SOCKET": engine.socket(), "DOCKER_GID": _group_of(engine.socket())}
    try:
        compose.call("up", "--detach", variables=variables)
    except PartUnavailableError as error:
        log = compose.call("logs", "--tail=5", "bridge")
        raise PartUnavailableError(f"{error}\nThe bridge's log ends:\n{log}") from error
    _join_own_network(compose.call("ps", "--quiet", "traefik").strip())


def _group_of(socket: str) -> str:
    """Return the group that owns the engine's socket, as containers see it.

    Unlike `--volume` and Compose, `--mount` creates no directory if the path does not exist.
    """
    mount = f"--mount=type=bind,source={socket},target={INSIDE},readonly"
    options = ["--rm", "--network=none", mount, "--entrypoint=stat"]
    try:
        return run(["docker", "run", *options, images.BRIDGE, "--format=%g", INSIDE]).strip()
    except PartUnavailableError as error:
        raise PartUnavailableError(
            f"The engine cannot mount its socket {socket}: say where it is with DOCKER_SOCKET=..."
        ) from error


def _join_own_network(traefik: str) -> None:
    """Let Traefik reach containers that `docker run` starts without naming a network."""
    networks = run(["docker", "inspect", f"--format={NETWORKS}", traefik])
    if OWN_NETWORK not in networks.split():
        run(["docker", "network", "connect", OWN_NETWORK, traefik])


def _tell_what_next(http: int, answer: str) -> None:
    print(NEXT.format(host=route.HOST, http=http, answer=answer, traefik=_traefik(), compose=_compose()))


def _traefik() -> str:
    url = f"http://localhost:{ports.port(ports.DASHBOARD)}"
    if images.are_stand_ins():
        return f"{url}/api/http/routers (this Traefik was built without the pages of its dashboard)"
    return f"{url}/dashboard/"


def _compose() -> str:
    return shlex.join(compose.command())
