"""What goes wrong when an engine is reached by ssh, with messages that say what to do."""

import paramiko

from bridge.engine.errors import EngineRejected, EngineUnavailable


def meaning(engine: str, error: BaseException) -> EngineUnavailable | EngineRejected | None:
    """Return our error for one of paramiko's, None for any other."""
    match error:
        case paramiko.ssh_exception.NoValidConnectionsError():
            return EngineUnavailable(f"{engine}: nobody listens there; does the host run an ssh server?")
        case paramiko.AuthenticationException():
            return EngineRejected(f"{engine}: ssh refused the login ({error}); check the user and the key")
        case paramiko.SSHException() if "No authentication methods" in str(error):
            return EngineRejected(f"{engine}: there is no ssh key to try; give the user a key or an ssh agent")
        case paramiko.SSHException() if _is_about_host_key(error):
            return EngineRejected(f"{engine}: its ssh host key is unknown or has changed; check known_hosts")
        case _:
            return None


def _is_about_host_key(error: paramiko.SSHException) -> bool:
    return isinstance(error, paramiko.BadHostKeyException) or "known_hosts" in str(error)
