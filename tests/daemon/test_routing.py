"""From a container's labels to an answered request, on a real engine, etcd and Traefik."""

import json
from collections.abc import Callable

from tests.daemon.host import Host, hosted, routed_by
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.traefik import Traefik, etcd_provider

AT_ONCE = {"providers.providersThrottleDuration": "50ms"}

StartTraefik = Callable[..., Traefik]


def test_container_answers_until_it_stops(
    each_engine: Engine, etcd: Etcd, root_key: str, start_traefik: StartTraefik
) -> None:
    """A labelled container answers through Traefik, and no longer when it has been stopped."""
    with hosted(each_engine, etcd, root_key) as host:
        traefik = start_traefik(etcd_provider(etcd, root_key), AT_ONCE)
        with host.container("answers") as container:
            assert container[:12] in traefik.wait_for_status(200, "answers.localhost").body
            each_engine.cli("stop", "--time", "1", "answers")
            traefik.wait_for(lambda started: "answers@etcd" not in started.rawdata().get("routers", {}))
            assert traefik.get("answers.localhost").status == 404


def test_bad_label_affects_only_its_container(
    host: Host, etcd: Etcd, root_key: str, start_traefik: StartTraefik
) -> None:
    """A bad label is reported once, with a hint, in the log and in the plan; only its container is not routed."""
    label = "traefik.http.routers.spoiled.priority"
    traefik = start_traefik(etcd_provider(etcd, root_key), AT_ONCE)
    with (
        host.container("sound") as sound,
        host.engine.container("spoiled", routed_by("spoiled"), f"--label={label}=high") as spoiled,
        host.container("later"),
    ):
        host.engine.cli("update", "--cpu-shares", "512", "spoiled")
        host.wait_until_followed()
        for name, status in ("later", 200), ("sound", 200), ("spoiled", 404):
            traefik.wait_for_status(status, f"{name}.localhost")
        [line] = host.logged(container="spoiled", label=label)
        planned = json.loads(host.bridge.command("plan", "--output", "json").stdout)
        [problem] = [it for it in planned["problems"] if it["container"] == "spoiled"]
        assert (line["event"], line["hint"]) == (problem["message"], problem["hint"])
        assert line["hint"]
        assert problem["label"] == label
        assert host.keys.servers(sound)
        assert not host.keys.servers(spoiled)


def test_tcp_and_udp_are_routed(host: Host, etcd: Etcd, root_key: str, start_traefik: StartTraefik) -> None:
    """A labelled container answers through Traefik over TCP and UDP."""
    labels = {
        "traefik.tcp.routers.echo.rule": "HostSNI(`*`)",
        "traefik.tcp.routers.echo.entrypoints": "lines",
        "traefik.tcp.services.echo.loadbalancer.server.port": "81",
        "traefik.udp.routers.echo.entrypoints": "packets",
        "traefik.udp.services.echo.loadbalancer.server.port": "82",
    }
    options = [f"--label={name}={text}" for name, text in labels.items()]
    with host.engine.container("echo", *options, arguments=["-tcp", "81", "-udp", "82"]) as container:
        host.wait_until_routed(container)
        entry_points = {"lines": "tcp", "packets": "udp"}
        traefik = start_traefik(etcd_provider(etcd, root_key), AT_ONCE, entry_points=entry_points)
        expected = f"{container[:12]}: hello".encode()
        traefik.wait_for(lambda started: started.say_tcp("lines", b"hello\n") == expected + b"\n")
        traefik.wait_for(lambda started: started.say_udp("packets", b"hello") == expected)
