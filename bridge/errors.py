"""The error that a person at the command line can mend alone."""


class UsageError(Exception):
    """A setting, a flag or a file that cannot be followed; its text is one line, the exit code 2."""
