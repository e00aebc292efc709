"""The one error of this package, and how it names a position in a text."""


class RuleError(ValueError):
    """A default rule or constraints that Traefik could not use, found when parsing or for one container.

    `message` is one sentence that names the position; `hint` says what to write instead, "" if that is unknown.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.hint = hint


def place(text: str, position: int) -> str:
    """Return a position in a text counted from 1, with the line if there is more than one."""
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    if "\n" not in text:
        return f"column {column}"
    return f"line {text.count(chr(10), 0, position) + 1}, column {column}"
