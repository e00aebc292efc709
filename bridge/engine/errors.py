"""The two ways in which talking to a Docker engine fails; no exception of a client library goes further.

Exception
  EngineUnavailable   transient: try again
  EngineRejected      fatal: fails again until somebody mends the set-up
"""


class EngineUnavailable(Exception):  # noqa: N818 - a state of the world, named as it reads in `except`
    """The engine cannot be reached, does not answer in time, or went away; nothing is known of containers."""


class EngineRejected(Exception):  # noqa: N818 - as above
    """The endpoint is wrong, or the engine refuses us: rights, TLS, ssh keys, too old an API."""
