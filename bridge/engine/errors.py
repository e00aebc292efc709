"""The two ways in which talking to a Docker engine fails; exceptions of client libraries stop in this package.

Exception
  EngineUnavailable   transient: try again
  EngineRejected      fatal: fails again until somebody fixes the configuration
"""


class EngineUnavailable(Exception):  # noqa: N818 - a state of the world, named as it reads in `except`
    """The engine cannot be reached, does not answer in time, or went away: its containers are unknown."""


class EngineRejected(Exception):  # noqa: N818 - as above
    """The endpoint is wrong or the engine refuses access: permissions, TLS, ssh keys, an API that is too old."""
