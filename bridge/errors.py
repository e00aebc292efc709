"""The errors that end a command: each is one line for the person who gave it, and an exit code."""


class CommandError(Exception):
    """What a command ends with; `code` is its exit code."""

    code = 1


class FailedError(CommandError):
    """The command is right, but the world does not let it."""


class UsageError(CommandError):
    """A setting, a flag or a file that cannot be followed."""

    code = 2
