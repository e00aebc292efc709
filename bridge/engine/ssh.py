"""What goes wrong on the way to an engine that is reached by ssh, in words that say how to mend it."""

import paramiko

from bridge.engine.errors import EngineRejected, EngineUnavailable


def meaning(engine: str, error: BaseException) -> EngineUnavailable | EngineRejected | None:
    """Return our error for one of paramiko's, None for others."""
    match error:
        case paramiko.ssh_exception.NoValidConnectionsError():
            return EngineUnavailable(f"{engine}: nobody listens there; does the host run an ssh server?")
        case paramiko.AuthenticationException():
            return EngineRejected(f"{engine}: ssh refuses us ({error}); check the user and the key")
        case paramiko.SSHException() if "No authentication methods" in str(error):
            return EngineRejected(f"{engine}: there is no ssh key to try; give the user a key, or an ssh agent")
        case paramiko.SSHException() if _is_about_host_key(error):
            return EngineRejected(f"{engine}: its ssh host key is not the known one; check known_hosts")
        case _:
            return None


def _is_about_host_key(error: paramiko.SSHException) -> bool:
    return isinstance(error, paramiko.BadHostKeyException) or "known_hosts" in str(error)
