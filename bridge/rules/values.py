"""Go's types as far as a template can tell them apart, on top of Python's.

string, bool, int and float64 are str, bool, int and float; nil is None. The rest are thin classes,
for Go accepts no int64 where it wants an int and no map of strings where it wants a map of anything.
"""

from typing import TypeVar

from msgspec import Struct

from bridge.rules.literals import to_bytes

_Element_co = TypeVar("_Element_co", covariant=True)


class Int64(int):
    """Go's int64: what sprig's arithmetic returns."""


class Byte(int):
    """Go's uint8: an element of a string."""


class Map(dict[str, object]):
    """A Go map with keys of type string."""


class StringMap(Map):
    """Go's map[string]string: labels, and what `split` returns."""


class AnyMap(Map):
    """Go's map[string]interface{}: what `dict` returns. It alone has a changing content, by `set`."""


class List(tuple[_Element_co, ...]):
    """A Go slice."""

    __slots__ = ()


class StringList(List[str]):
    """Go's []string."""

    __slots__ = ()


class AnyList(List[object]):
    """Go's []interface{}."""

    __slots__ = ()


class IntList(List[int]):
    """Go's []int."""

    __slots__ = ()


class Model(Struct, frozen=True):
    """What Traefik gives to a default rule as `.`, under the names that it has there."""

    Name: str
    ContainerName: str
    Labels: StringMap


NIL_MAP = AnyMap()
NIL_STRINGS = StringList()
NIL_LIST = AnyList()


def is_nil(value: object) -> bool:
    """Return whether a value is nil, or the nil of a type: an empty map or list that equals no other."""
    return value is None or value is NIL_MAP or value is NIL_STRINGS or value is NIL_LIST


_TYPE_NAMES = {
    str: "string",
    bool: "bool",
    int: "int",
    Int64: "int64",
    Byte: "uint8",
    float: "float64",
    StringMap: "map[string]string",
    AnyMap: "map[string]interface {}",
    StringList: "[]string",
    AnyList: "[]interface {}",
    IntList: "[]int",
    Model: "struct { Name string; ContainerName string; Labels map[string]string }",
    object: "interface {}",
}


def type_name(kind: type) -> str:
    """Return the name that Go gives to a type."""
    return _TYPE_NAMES[kind]


def kind_name(value: object) -> str:
    """Return what Go's reflection calls the kind of a value."""
    match value:
        case None:
            return "invalid"
        case Map():
            return "map"
        case List():
            return "slice"
        case Model():
            return "struct"
    return type_name(type(value))


def truth(value: object) -> bool:
    """Return whether Go's templates take a value for true: not the zero of its type, not empty."""
    return isinstance(value, Model) or bool(value)


def size(value: object) -> int | None:
    """Return the length that Go's len gives, in bytes for a string; None where it has none."""
    if isinstance(value, str):
        return len(to_bytes(value))
    return len(value) if isinstance(value, Map | List) else None


def sorted_keys(mapping: Map) -> list[str]:
    """Return the keys of a map in the order in which Go prints and ranges over it."""
    return sorted(mapping, key=to_bytes)
