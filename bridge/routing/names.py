"""The names of a container: its service in Traefik, and the application that it belongs to."""

from bridge.container import Container
from bridge.labels.own import APPLICATION
from bridge.rules.normalize import normalize

_PROJECT = "com.docker.compose.project"
_SERVICE = "com.docker.compose.service"


def service_name(container: Container) -> str:
    """Return its service name in Traefik: `<compose service>-<compose project>`, else the container's name."""
    project, service = container.labels.get(_PROJECT, ""), container.labels.get(_SERVICE, "")
    return normalize(f"{service}_{project}" if project and service else container.name)


def application(container: Container) -> str:
    """Return the application: the label `bridge.application`, else the service name and the image repository.

    Containers of one application may change a definition that they share; other containers that disagree wait.
    """
    named = container.labels.get(APPLICATION, "")
    return _encodable(named or f"{service_name(container)} {_repository(container.image)}".rstrip())


def _encodable(text: str) -> str:
    """Replace what is not valid Unicode, since the application is written to etcd with every claim."""
    return text.encode(errors="replace").decode()


def _repository(image: str) -> str:
    """Strip tag and digest: `registry:5000/team/web:1.2@sha256:...` gives `registry:5000/team/web`."""
    if image.startswith("sha256:"):
        return ""
    name = image.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(":")[0]
