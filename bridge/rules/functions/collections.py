"""sprig's functions of lists, dictionaries, defaults and types.

Source of the rules: sprig 3.2.3. Where Go's order of a map is random (keys, values), it is sorted here.
"""

from collections.abc import Callable, Mapping

from bridge.rules.error import RuleError
from bridge.rules.functions.numbers import to_int
from bridge.rules.functions.text import to_string
from bridge.rules.limits import check_length
from bridge.rules.literals import to_bytes
from bridge.rules.values import (
    NIL_LIST,
    NIL_MAP,
    AnyList,
    AnyMap,
    List,
    Map,
    Model,
    StringList,
    is_nil,
    kind_name,
    sorted_keys,
    type_name,
)


def _empty(value: object) -> bool:
    return not value and not isinstance(value, Model)


def _default(fallback: object, *given: object) -> object:
    return fallback if not given or _empty(given[0]) else given[0]


def _coalesce(*values: object) -> object:
    return next((value for value in values if not _empty(value)), None)


def _all(*values: object) -> bool:
    return not any(map(_empty, values))


def _any(*values: object) -> bool:
    return not all(map(_empty, values))


def _ternary(if_true: object, if_false: object, condition: bool) -> object:  # noqa: FBT001 - sprig's order
    return if_true if condition else if_false


def _type_of(value: object) -> str:
    return "<nil>" if value is None else type_name(type(value))


def _type_is(name: str, value: object) -> bool:
    return name == _type_of(value)


def _kind_is(name: str, value: object) -> bool:
    return name == kind_name(value)


def _deep_equal(one: object, other: object) -> bool:
    if type(one) is not type(other) or is_nil(one) != is_nil(other):
        return False
    if isinstance(one, Map) and isinstance(other, Map):
        return one.keys() == other.keys() and all(_deep_equal(one[key], other[key]) for key in one)
    if isinstance(one, List) and isinstance(other, List):
        return len(one) == len(other) and all(map(_deep_equal, one, other))
    return one == other


def _listed(value: object) -> List[object]:
    if not isinstance(value, List):
        raise RuleError(f"a list is expected, not a value of type {_type_of(value)}")
    return value


def _list(*values: object) -> AnyList:
    return AnyList(values)


def _first(values: object) -> object:
    return next(iter(_listed(values)), None)


def _last(values: object) -> object:
    return next(reversed(_listed(values)), None)


def _rest(values: object) -> AnyList:
    listed = _listed(values)
    return AnyList(listed[1:]) if listed else NIL_LIST


def _initial(values: object) -> AnyList:
    listed = _listed(values)
    return AnyList(listed[:-1]) if listed else NIL_LIST


def _append(values: object, value: object) -> AnyList:
    return AnyList((*_listed(values), value))


def _prepend(values: object, value: object) -> AnyList:
    return AnyList((value, *_listed(values)))


def _concat(*lists: object) -> AnyList:
    return AnyList(value for values in lists for value in _listed(values)) or NIL_LIST


def _reverse(values: object) -> AnyList:
    return AnyList(reversed(_listed(values)))


def _compact(values: object) -> AnyList:
    return AnyList(value for value in _listed(values) if not _empty(value))


def _uniq(values: object) -> AnyList:
    """Look up plain values, of which a label may produce many, in a dict; compare the others one by one."""
    kept: dict[object, object] = {}
    others: list[object] = []
    for position, value in enumerate(_listed(values)):
        if isinstance(value, str | int | float):
            kept.setdefault((type(value), value), value)
        elif not _is_in(others, value):
            others.append(value)
            kept[position] = value
    return AnyList(kept.values())


def _is_in(values: list[object] | tuple[object, ...], wanted: object) -> bool:
    return any(_deep_equal(value, wanted) for value in values)


def _without(values: object, *omitted: object) -> AnyList:
    return AnyList(value for value in _listed(values) if not _is_in(omitted, value))


def _has(wanted: object, values: object) -> bool:
    return values is not None and _is_in(_listed(values), wanted)


def _slice(values: object, *indices: object) -> object:
    listed = _listed(values)
    if not listed:
        return None
    start = to_int(indices[0]) if indices else 0
    end = to_int(indices[1]) if len(indices) > 1 else len(listed)
    if not 0 <= start <= end <= len(listed):
        raise RuleError(f"the positions {start} to {end} are out of range")
    return type(listed)(listed[start:end])


def _strings(value: object) -> StringList:
    if isinstance(value, StringList):
        return value
    if value is None:
        return StringList()
    if not isinstance(value, List):
        return StringList((to_string(value),))
    return StringList(to_string(item) for item in value if item is not None)


def _join(separator: str, value: object) -> str:
    strings = _strings(value)
    check_length(sum(map(len, strings)) + len(strings) * len(separator))
    return separator.join(strings)


def _sort_alpha(value: object) -> StringList:
    strings = _strings(value) if isinstance(value, List) else (to_string(value),)
    return StringList(sorted(strings, key=to_bytes))


def _dict(*values: object) -> AnyMap:
    keys, items = map(to_string, values[::2]), values[1::2]
    filled = (*items, "") if len(values) % 2 else items
    return AnyMap(zip(keys, filled, strict=True))


def _get(mapping: AnyMap, key: str) -> object:
    return mapping.get(key, "")


def _set(mapping: AnyMap, key: str, value: object) -> AnyMap:
    if mapping is NIL_MAP:
        raise RuleError("set has no dictionary to change")
    mapping[key] = value
    return mapping


def _unset(mapping: AnyMap, key: str) -> AnyMap:
    mapping.pop(key, None)
    return mapping


def _has_key(mapping: AnyMap, key: str) -> bool:
    return key in mapping


def _pluck(key: str, *mappings: AnyMap) -> AnyList:
    return AnyList(mapping[key] for mapping in mappings if key in mapping)


def _keys(*mappings: AnyMap) -> StringList:
    return StringList(key for mapping in mappings for key in sorted_keys(mapping))


def _values(mapping: AnyMap) -> AnyList:
    return AnyList(mapping[key] for key in sorted_keys(mapping))


def _pick(mapping: AnyMap, *keys: str) -> AnyMap:
    return AnyMap((key, mapping[key]) for key in keys if key in mapping)


def _omit(mapping: AnyMap, *keys: str) -> AnyMap:
    return AnyMap((key, value) for key, value in mapping.items() if key not in keys)


_WITH_MUST: Mapping[str, Callable[..., object]] = {
    "first": _first,
    "last": _last,
    "rest": _rest,
    "initial": _initial,
    "append": _append,
    "push": _append,
    "prepend": _prepend,
    "reverse": _reverse,
    "compact": _compact,
    "uniq": _uniq,
    "without": _without,
    "has": _has,
    "slice": _slice,
}
TABLE: Mapping[str, Callable[..., object]] = {
    **_WITH_MUST,
    **{f"must{name[0].upper()}{name[1:]}": call for name, call in _WITH_MUST.items()},
    "default": _default,
    "empty": _empty,
    "coalesce": _coalesce,
    "all": _all,
    "any": _any,
    "ternary": _ternary,
    "typeOf": _type_of,
    "typeIs": _type_is,
    "typeIsLike": _type_is,
    "kindOf": kind_name,
    "kindIs": _kind_is,
    "deepEqual": _deep_equal,
    "list": _list,
    "tuple": _list,
    "concat": _concat,
    "toStrings": _strings,
    "join": _join,
    "sortAlpha": _sort_alpha,
    "dict": _dict,
    "get": _get,
    "set": _set,
    "unset": _unset,
    "hasKey": _has_key,
    "pluck": _pluck,
    "keys": _keys,
    "values": _values,
    "pick": _pick,
    "omit": _omit,
}
