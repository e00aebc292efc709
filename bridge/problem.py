"""A problem: bad input from a user as a value, so that it costs its own container and nobody else."""

from msgspec import Struct


class Problem(Struct, frozen=True):
    """What is wrong with one container's labels, and how to mend it.

    `container` is its name without slash; `label` the full name of the label at fault, "" if none is;
    `message` says what is wrong in one sentence; `hint` says what to write instead, "" if nobody can know.
    """

    container: str
    label: str
    message: str
    hint: str = ""
