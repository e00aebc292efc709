"""What a template consists of once it is parsed. Positions count characters from the start of the template."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dot:
    """`.`: the current value."""


@dataclass(frozen=True, slots=True)
class Nil:
    """`nil`."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A string or a boolean."""

    value: str | bool


@dataclass(frozen=True, slots=True)
class Number:
    """A number, as every type that can hold it: 1.0 is an integer too. `is_float`: what it is by itself."""

    text: str
    integer: int | None
    floating: float | None
    is_float: bool


@dataclass(frozen=True, slots=True)
class Field:
    """`.A.B`."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x`, or `$x.A.B`."""

    name: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """The name of a function."""

    name: str


@dataclass(frozen=True, slots=True)
class Chain:
    """`(...).A.B`."""

    operand: "Operand"
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """An operand, or a function with its arguments."""

    operands: tuple["Operand", ...]
    position: int


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each one's result the last argument of the next; may set variables to the last result."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...]
    assigns: bool


Operand = Dot | Nil | Constant | Number | Field | Variable | Function | Chain | Pipe


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is copied."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """A pipe whose result is printed."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Branch:
    """`if` or `with`."""

    pipe: Pipe
    body: "Body"
    otherwise: "Body"
    sets_dot: bool


@dataclass(frozen=True, slots=True)
class Range:
    """`range`."""

    pipe: Pipe
    body: "Body"
    otherwise: "Body"
    position: int


@dataclass(frozen=True, slots=True)
class Break:
    """`break`."""


@dataclass(frozen=True, slots=True)
class Continue:
    """`continue`."""


Node = Text | Action | Branch | Range | Break | Continue
Body = tuple[Node, ...]
