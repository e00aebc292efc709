"""Go's types, as far as a template can distinguish them, on top of Python's.

string, bool, int and float64 are str, bool, int and float; nil is None. The rest are thin classes, since Go does
not accept an int64 where it expects an int, nor a map of strings where it expects a map of anything.
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
    """Go's map[string]interface{}: what `dict` returns. Only this type is mutable, by `set` and `unset`."""


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
    """What Traefik passes to a default rule as `.`, with its field names."""

    Name: str
    ContainerName: str
    Labels: StringMap


NIL_MAP = AnyMap()
NIL_STRINGS = StringList()
NIL_LIST = AnyList()


def is_nil(value: object) -> bool:
    """Return whether a value is nil, or the nil map or list of a type, which differs from an empty one."""
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
    """Return the name of a type in Go."""
    return _TYPE_NAMES[kind]


def kind_name(value: object) -> str:
    """Return the kind of a value in Go's reflection."""
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
    """Return whether a value is true in Go's templates: neither the zero value of its type nor empty."""
    return bool(value)


def size(value: object) -> int | None:
    """Return the length by Go's len, in bytes for a string; None if the value has none."""
    if isinstance(value, str):
        return len(to_bytes(value))
    return len(value) if isinstance(value, Map | List) else None


def sorted_keys(mapping: Map) -> list[str]:
    """Return the keys of a map in the order in which Go prints and iterates over them."""
    return sorted(mapping, key=to_bytes)
