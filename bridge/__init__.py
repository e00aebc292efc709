"""Container labels of this Docker host, mirrored into etcd for every Traefik that reads there."""

__version__ = "0.1.0"
