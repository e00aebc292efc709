"""The errors that end a command: each is one line for the user, and an exit code."""


class CommandError(Exception):
    """An error that ends a command; `code` is the exit code."""

    code = 1


class FailedError(CommandError):
    """The command is valid, but could not be carried out."""


class UsageError(CommandError):
    """A setting, a flag or a file is invalid."""

    code = 2
