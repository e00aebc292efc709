"""The recipes of the programs that are built from Go modules: their versions and build options."""

from tests.lab.golang import Module, Program

LEGO = "github.com/go-acme/lego/v5"
UNSERVED_AUTH_FORK = (
    "-replace=github.com/abbot/go-http-auth="
    "github.com/containous/go-http-auth@v0.4.1-0.20200324110947-a37a7636d23e"
)
ETCD_SIBLINGS = tuple(
    f"-dropreplace=go.etcd.io/etcd/{sibling}/v3" for sibling in ("api", "client/pkg", "client", "pkg")
)

TRAEFIK_3_7 = Program(
    "traefik-3.7",
    Module("github.com/traefik/traefik/v3", "v3.7.13"),
    minutes=5,
    package="./cmd/traefik",
    variables=(("github.com/traefik/traefik/v3/pkg/version.Version", "3.7.13"),),
    edits=(UNSERVED_AUTH_FORK, "-replace=github.com/traefik/traefik/dynamic/ext={recipes}/traefik-ext"),
    lego=Module(LEGO, "v5.4.1"),
)
TRAEFIK_2_11 = Program(
    "traefik-2.11",
    Module("github.com/traefik/traefik/v2", "v2.11.54"),
    minutes=4,
    package="./cmd/traefik",
    variables=(("github.com/traefik/traefik/v2/pkg/version.Version", "2.11.54"),),
    lego=Module(LEGO, "v5.2.2"),
)
ETCD_3_7 = Program("etcd-3.7", Module("go.etcd.io/etcd/server/v3", "v3.7.3"), minutes=0.5, edits=ETCD_SIBLINGS)
ETCDCTL = Program("etcdctl", Module("go.etcd.io/etcd/etcdctl/v3", "v3.7.3"), minutes=0.5, edits=ETCD_SIBLINGS)
COMPOSE = Program(
    "compose",
    Module("github.com/docker/compose/v2", "v2.40.3"),
    minutes=3,
    package="./cmd",
    variables=(("github.com/docker/compose/v2/internal.Version", "v2.40.3"),),
)
DOCKERD_29 = Program(
    "dockerd-29",
    Module("github.com/moby/moby/v2", "v2.0.0-beta.24"),
    minutes=3,
    package="./cmd/dockerd",
    variables=(("github.com/moby/moby/v2/dockerversion.Version", "29.0.0-beta.24"),),
)
DOCKER_PROXY_29 = Program(
    "docker-proxy-29",
    DOCKERD_29.module,
    minutes=0.3,
    package="./cmd/docker-proxy",
)
RUNC = Program(
    "runc",
    Module("github.com/opencontainers/runc", "v1.3.3"),
    minutes=0.3,
    tags=("seccomp",),
    edits=("-dropreplace=github.com/opencontainers/selinux",),
    cgo_packages=("libseccomp-dev",),
)
REGISTRY = Program(
    "registry",
    Module("github.com/distribution/distribution/v3", "v3.1.2"),
    minutes=1.5,
    package="./cmd/registry",
)
