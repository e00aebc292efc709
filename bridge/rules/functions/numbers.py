"""sprig's functions of numbers. Their arithmetic returns int64, which a parameter of type int does not accept.

Source of the rules: sprig 3.2.3 with cast 1.7.0, which Traefik 3.7 uses.
"""

import math
import re
from collections.abc import Callable, Mapping

from bridge.rules import literals
from bridge.rules.error import RuleError
from bridge.rules.formatting import text_of
from bridge.rules.limits import MOST
from bridge.rules.values import Int64, IntList

_ENDLESS = re.compile(r"[+-]?inf(?:inity)?|nan", re.ASCII | re.IGNORECASE)
_MOST_DIGITS = 20  # more than any int64 has; Python refuses numbers of thousands of digits


def _wrapped(value: int) -> Int64:
    return Int64((value + 2**63) % 2**64 - 2**63)


def _is_int64(value: int | None) -> bool:
    return value is not None and -(2**63) <= value < 2**63


def to_int(value: object) -> int:
    """Return a value converted by cast.ToInt: 0 if it cannot be converted."""
    match value:
        case str():
            return _parsed(value)
        case bool() | int():
            return int(value)
        case float() if abs(value) < 2**63:
            return int(value)
        case float():
            raise RuleError(f"{text_of(value)} is too large for an integer")
    return 0


def _parsed(text: str) -> int:
    whole, point, fraction = text.rpartition(".")
    number = literals.integer(whole if point and fraction and not fraction.strip("0") else text)
    return number if number is not None and _is_int64(number) else 0


def to_float(value: object) -> float:
    """Return a value converted by cast.ToFloat64: 0 if it cannot be converted."""
    match value:
        case str() if _ENDLESS.fullmatch(value):
            raise RuleError(f"{value} as a number is not supported")
        case str():
            number = literals.floating(value)
            return 0.0 if number is None else number
        case bool() | int() | float():
            return float(value)
    return 0.0


def _atoi(text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        return 0
    number = int(digits.lstrip("0")[:_MOST_DIGITS] or "0")
    return max(-number, -(2**63)) if text[0] == "-" else min(number, 2**63 - 1)


def _int64(value: object) -> Int64:
    return Int64(to_int(value))


def _add(*values: object) -> Int64:
    return _wrapped(sum(map(to_int, values)))


def _add1(value: object) -> Int64:
    return _wrapped(to_int(value) + 1)


def _sub(one: object, other: object) -> Int64:
    return _wrapped(to_int(one) - to_int(other))


def _mul(first: object, *others: object) -> Int64:
    product = to_int(first)
    for other in others:
        product *= to_int(other)
    return _wrapped(product)


def _div(one: object, other: object) -> Int64:
    return _wrapped(_quotient(to_int(one), to_int(other)))


def _mod(one: object, other: object) -> Int64:
    dividend, divisor = to_int(one), to_int(other)
    return _wrapped(dividend - divisor * _quotient(dividend, divisor))


def _quotient(dividend: int, divisor: int) -> int:
    """Divide as Go does: towards zero."""
    if divisor == 0:
        raise RuleError("a division by zero")
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def _max(first: object, *others: object) -> Int64:
    return Int64(max(map(to_int, (first, *others))))


def _min(first: object, *others: object) -> Int64:
    return Int64(min(map(to_int, (first, *others))))


def _maxf(first: object, *others: object) -> float:
    return max(map(to_float, (first, *others)), key=_with_sign)


def _minf(first: object, *others: object) -> float:
    return min(map(to_float, (first, *others)), key=_with_sign)


def _with_sign(number: float) -> tuple[float, float]:
    """Return a key that orders numbers as Go does: negative zero is less than positive zero."""
    return number, math.copysign(1, number)


def _floor(value: object) -> float:
    return _whole(math.floor, value)


def _ceil(value: object) -> float:
    return _whole(math.ceil, value)


def _whole(rounded: Callable[[float], int], value: object) -> float:
    """Round a number; a zero keeps its sign, as in Go."""
    number = to_float(value)
    return math.copysign(rounded(number), number)


def _to_decimal(value: object) -> Int64:
    digits = text_of(value)
    sign, bare = (digits[0], digits[1:]) if digits[:1] in ("+", "-") else ("", digits)
    if not bare or bare.strip("01234567"):
        return Int64(0)
    number = int(sign + bare, 8)
    return Int64(number if _is_int64(number) else 0)


def _until(count: int) -> IntList:
    return _until_step(0, count, -1 if count < 0 else 1)


def _until_step(start: int, stop: int, step: int) -> IntList:
    numbers = range(start, stop, step) if step and (stop < start) == (step < 0) else range(0)
    if numbers[MOST:]:
        raise RuleError(f"a list of more than {MOST:,} numbers is too long")
    return IntList(numbers)


TABLE: Mapping[str, Callable[..., object]] = {
    "atoi": _atoi,
    "int": to_int,
    "int64": _int64,
    "float64": to_float,
    "add": _add,
    "add1": _add1,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "mod": _mod,
    "max": _max,
    "biggest": _max,
    "min": _min,
    "maxf": _maxf,
    "minf": _minf,
    "floor": _floor,
    "ceil": _ceil,
    "toDecimal": _to_decimal,
    "until": _until,
    "untilStep": _until_step,
}
