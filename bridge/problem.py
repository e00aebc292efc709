"""A problem: bad input from a user as a value, so that it affects only its own container."""

from msgspec import Struct


class Problem(Struct, frozen=True):
    """What is wrong with one container's labels, and how to mend it.

    `container` is its name without the slash; `label` the full name of the label at fault, "" if none is;
    `message` says in one sentence what is wrong; `hint` says what to write instead, "" if that is unknown.
    """

    container: str
    label: str
    message: str
    hint: str = ""
