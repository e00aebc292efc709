"""The running bridge: gather what the engine says, let the core decide, apply it to etcd."""

from bridge.daemon.main import run

__all__ = ["run"]
