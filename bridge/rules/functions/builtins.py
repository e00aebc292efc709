"""Go's own template functions: logic, comparison, index, length, printing and escaping.

Source of the rules: Go's text/template. Its `slice` is missing, since sprig's replaces it.
"""

from collections.abc import Callable, Mapping
from urllib.parse import quote_plus

from bridge.rules.error import RuleError
from bridge.rules.formatting import sprint, sprintf, sprintln
from bridge.rules.literals import to_bytes
from bridge.rules.values import Byte, List, Map, StringMap, is_nil, kind_name, size, truth, type_name

_HTML = str.maketrans({"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"})
_SCRIPT = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}


def _and(first: object, *others: object) -> object:
    """Define the signature only: the execution itself decides which arguments to evaluate."""
    raise NotImplementedError


def _not(value: object) -> bool:
    return not truth(value)


def _basic(value: object) -> str | None:
    match value:
        case bool():
            return "bool"
        case int():
            return "integer"
        case float():
            return "float"
        case str():
            return "string"
    return None


def _type(value: object) -> str:
    return "nil" if value is None else type_name(type(value))


def _incomparable(one: object, other: object) -> RuleError:
    return RuleError(f"values of the types {_type(one)} and {_type(other)} cannot be compared")


def _equal(one: object, other: object) -> bool:
    if one is None or other is None:
        return is_nil(one) and is_nil(other)
    if kind_name(one) == kind_name(other) and (is_nil(one) or is_nil(other)):
        return is_nil(one) and is_nil(other)
    if _basic(one) is None or _basic(one) != _basic(other):
        raise _incomparable(one, other)
    return one == other


def _eq(one: object, *others: object) -> bool:
    if not others:
        raise RuleError("eq is given no value to compare with")
    return any(_equal(one, other) for other in others)


def _ne(one: object, other: object) -> bool:
    return not _equal(one, other)


def _lt(one: object, other: object) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return to_bytes(one) < to_bytes(other)
    if _basic(one) != _basic(other) or isinstance(one, bool):
        raise _incomparable(one, other)
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one < other
    raise _incomparable(one, other)


def _le(one: object, other: object) -> bool:
    return _lt(one, other) or _equal(one, other)


def _gt(one: object, other: object) -> bool:
    return not _le(one, other)


def _ge(one: object, other: object) -> bool:
    return not _lt(one, other)


def _index(item: object, *keys: object) -> object:
    if item is None:
        raise RuleError("index is given no value to look into")
    for key in keys:
        item = _element(item, key)
    return item


def _element(item: object, key: object) -> object:
    match item:
        case Map():
            return _value(item, key)
        case str():
            data = to_bytes(item)
            return Byte(data[_position(key, len(data))])
        case List():
            return item[_position(key, len(item))]
    raise RuleError(f"index cannot look into a value of type {_type(item)}")


def _value(mapping: Map, key: object) -> object:
    if not isinstance(key, str):
        raise RuleError(f"the key of a map is a string, not of type {_type(key)}")
    return mapping.get(key, "" if isinstance(mapping, StringMap) else None)


def _position(key: object, length: int) -> int:
    if not isinstance(key, int) or isinstance(key, bool):
        raise RuleError(f"a position is an integer, not of type {_type(key)}")
    if not 0 <= key < length:
        raise RuleError(f"the position {key:d} is out of range")
    return key


def _len(value: object) -> int:
    length = size(value)
    if length is None:
        raise RuleError(f"a value of type {_type(value)} has no length")
    return length


def _print(*values: object) -> str:
    return sprint(values)


def _println(*values: object) -> str:
    return sprintln(values)


def _printf(text: str, *values: object) -> str:
    return sprintf(text, values)


def _joined(values: tuple[object, ...]) -> str:
    return sprint(["<no value>" if value is None else value for value in values])


def _html(*values: object) -> str:
    return _joined(values).translate(_HTML)


def _js(*values: object) -> str:
    return "".join(map(_script, _joined(values)))


def _script(character: str) -> str:
    code = ord(character)
    if character in _SCRIPT:
        return _SCRIPT[character]
    if code < 0x20:
        return f"\\u00{code:02X}"
    return character if character.isprintable() or code == 0x7F else f"\\u{code:04X}"


def _urlquery(*values: object) -> str:
    return quote_plus(to_bytes(_joined(values)), safe="~")


TABLE: Mapping[str, Callable[..., object]] = {
    "and": _and,
    "or": _and,
    "not": _not,
    "eq": _eq,
    "ne": _ne,
    "lt": _lt,
    "le": _le,
    "gt": _gt,
    "ge": _ge,
    "index": _index,
    "len": _len,
    "print": _print,
    "println": _println,
    "printf": _printf,
    "html": _html,
    "js": _js,
    "urlquery": _urlquery,
}
