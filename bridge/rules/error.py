"""The one error of this package, and how it says where in a text it happened."""


class RuleError(ValueError):
    """A default rule or a constraint that Traefik could not use: at parse, or for one container.

    `message` is one sentence that names the place; `hint` says what to write instead, "" if nobody can know.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.hint = hint


def place(text: str, position: int) -> str:
    """Return a position in a text as people count it; the line only where there is more than one."""
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    if "\n" not in text:
        return f"column {column}"
    return f"line {text.count(chr(10), 0, position) + 1}, column {column}"
