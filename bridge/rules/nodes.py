"""The nodes of a parsed template. Positions count characters from the start of the template."""

from msgspec import Struct


class Dot(Struct, frozen=True):
    """`.`: the current value."""


class Nil(Struct, frozen=True):
    """`nil`."""


class Constant(Struct, frozen=True):
    """A string or a boolean."""

    value: str | bool


class Number(Struct, frozen=True):
    """A number in each type that can hold it: 1.0 is an integer too. By default it is a float if `is_float`."""

    text: str
    integer: int | None
    floating: float
    is_float: bool


class Field(Struct, frozen=True):
    """`.A`."""

    name: str


class Variable(Struct, frozen=True):
    """`$x`."""

    name: str


class Function(Struct, frozen=True):
    """The name of a function."""

    name: str


class Chain(Struct, frozen=True):
    """`.A.B`, `$x.B` or `(...).B`: a field of an operand."""

    operand: "Operand"
    name: str


class Command(Struct, frozen=True):
    """An operand, or a function with its arguments."""

    operands: tuple["Operand", ...]
    position: int


class Pipe(Struct, frozen=True):
    """Commands: each result is the last argument of the next one; may set variables to the final result."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...]
    assigns: bool


Operand = Dot | Nil | Constant | Number | Field | Variable | Function | Chain | Pipe


class Text(Struct, frozen=True):
    """Text that is copied."""

    text: str


class Action(Struct, frozen=True):
    """A pipe whose result is printed."""

    pipe: Pipe


class Branch(Struct, frozen=True):
    """`if` or `with`."""

    pipe: Pipe
    body: "Body"
    otherwise: "Body"
    sets_dot: bool


class Range(Struct, frozen=True):
    """`range`."""

    pipe: Pipe
    body: "Body"
    otherwise: "Body"
    position: int


class Break(Struct, frozen=True):
    """`break`."""


class Continue(Struct, frozen=True):
    """`continue`."""


Node = Text | Action | Branch | Range | Break | Continue
Body = tuple[Node, ...]
