"""Prints values as Go's fmt does: print, println, printf and what an action writes.

Source of the rules: Go's fmt. Refused: printf's %p, and %b and %x of floating-point numbers.
"""

import math
import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from bridge.rules import limits
from bridge.rules.error import RuleError
from bridge.rules.literals import to_bytes
from bridge.rules.values import Byte, List, Map, Model, is_nil, sorted_keys, type_name

_NIL = "<nil>"
_MOST = 1_000_000
_PREFIXES = {"b": "0b", "x": "0x", "X": "0X"}
_DIGITS = {"b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v"}
_FIRST_EXPONENT = 6
_MISSING = object()
_DIRECTIVE = re.compile(
    r"%(?P<flags>[#0+\- ]*)(?P<width>\*|[0-9]*)(?:\.(?P<precision>\*|[0-9]*))?(?:\[(?P<index>[0-9]+)\])?"
    r"(?P<verb>.?)",
    re.DOTALL,
)


class Directive(Struct, frozen=True):
    """The flags, width and precision between the percent sign and the verb."""

    flags: frozenset[str] = frozenset()
    width: int | None = None
    precision: int | None = None
    go_syntax: bool = False
    field_names: bool = False


_PLAIN = Directive()


def text_of(value: object) -> str:
    """Return a value as %v prints it."""
    return _format(_PLAIN, "v", value)


def sprint(values: Sequence[object]) -> str:
    """Return values printed one after another, with a space between two if neither is a string."""
    printed = ""
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            printed += " "
        printed += text_of(value)
    return printed


def sprintln(values: Sequence[object]) -> str:
    """Return values printed with spaces between them and a newline."""
    return " ".join(map(text_of, values)) + "\n"


def quote(text: str, *, mark: str = '"', ascii_only: bool = False) -> str:
    """Return a text as a Go string literal."""
    return mark + "".join(_escape(character, mark, ascii_only=ascii_only) for character in text) + mark


def _escape(character: str, mark: str, *, ascii_only: bool) -> str:
    code = ord(character)
    if character in (mark, "\\"):
        return "\\" + character
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if character.isprintable() and not (ascii_only and code > 0x7F):
        return character
    if character in _ESCAPES:
        return _ESCAPES[character]
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _pad(directive: Directive, text: str, *, zeros: bool = True) -> str:
    width = directive.width or 0
    if "-" in directive.flags:
        return text.ljust(width)
    return text.rjust(width, "0" if zeros and "0" in directive.flags else " ")


def _format(directive: Directive, verb: str, value: object) -> str:
    if value is None:
        return _pad(directive, _NIL) if verb in "Tv" else f"%!{verb}({_NIL})"
    if verb == "T":
        return _pad(directive, type_name(type(value))[: directive.precision])
    if verb == "p":
        raise RuleError("printf's %p is not supported")
    return _value(directive, verb, value)


def _value(directive: Directive, verb: str, value: object) -> str:
    match value:
        case bool():
            done = _pad(directive, "true" if value else "false") if verb in "tv" else None
        case int():
            done = _integer(directive, verb, value)
        case float():
            done = _float(directive, verb, value)
        case str():
            done = _string(directive, verb, value)
        case _:
            return _compound(directive, verb, value)
    if done is None:
        return f"%!{verb}({type_name(type(value))}={_value(directive, 'v', value)})"
    return done


def _compound(directive: Directive, verb: str, value: object) -> str:
    def element(item: object, kind: type = object) -> str:
        if item is None:
            return f"{type_name(kind)}(nil)" if directive.go_syntax else _NIL
        return _value(directive, verb, item)

    if isinstance(value, Map):
        parts = [f"{element(key)}:{element(value[key])}" for key in sorted_keys(value)]
        start, end = "map[", "]"
    elif isinstance(value, List):
        parts = [element(item) for item in value]
        start, end = "[", "]"
    else:
        assert isinstance(value, Model)
        named = directive.go_syntax or directive.field_names
        fields = ("Name", "ContainerName", "Labels")
        parts = [(f"{name}:" if named else "") + element(getattr(value, name)) for name in fields]
        start, end = "{", "}"
    if directive.go_syntax:
        if is_nil(value):
            return f"{type_name(type(value))}(nil)"
        return f"{type_name(type(value))}{{{', '.join(parts)}}}"
    limits.check_length(sum(map(len, parts)))
    return start + " ".join(parts) + end


def _string(directive: Directive, verb: str, value: str) -> str | None:
    if verb in ("x", "X"):
        return _hex(directive, verb, value)
    cut = value[: directive.precision]
    if verb == "q" or (verb == "v" and directive.go_syntax):
        return _pad(directive, _quoted(directive, cut))
    return _pad(directive, cut) if verb in ("s", "v") else None


def _quoted(directive: Directive, text: str) -> str:
    if "#" in directive.flags and not re.search("[\x00-\x08\x0a-\x1f`\x7f\ufeff\udc80-\udcff]", text):
        return f"`{text}`"
    return quote(text, ascii_only="+" in directive.flags)


def _hex(directive: Directive, verb: str, value: str) -> str:
    data = to_bytes(value)[: directive.precision]
    digits = data.hex(" ") if " " in directive.flags else data.hex()
    digits = digits.upper() if verb == "X" else digits
    if "#" in directive.flags and digits:
        digits = " ".join(_PREFIXES[verb] + part for part in digits.split(" "))
    return _pad(directive, digits)


def _sign(directive: Directive, *, negative: bool) -> str:
    if negative:
        return "-"
    return "+" if "+" in directive.flags else " " if " " in directive.flags else ""


def _integer(directive: Directive, verb: str, value: int) -> str | None:
    match verb:
        case "c":
            return _pad(directive, _character(value))
        case "q":
            quoted = quote(_character(value), mark="'", ascii_only="+" in directive.flags)
            return _pad(directive, quoted)
        case "U":
            return _unicode(directive, value)
    if verb not in "vdboOxX":
        return None
    if directive.go_syntax and isinstance(value, Byte):
        return _number(replace(directive, flags=directive.flags | {"#"}), "x", value)
    return _number(directive, verb, value)


def _number(directive: Directive, verb: str, value: int) -> str:
    if directive.precision == 0 and value == 0:
        return " " * (directive.width or 0)
    sign = _sign(directive, negative=value < 0)
    least = directive.precision
    if least is None and directive.width and "0" in directive.flags and "-" not in directive.flags:
        least = directive.width - len(sign)
    digits = format(abs(value), _DIGITS.get(verb, "d")).rjust(least or 0, "0")
    if "#" in directive.flags:
        digits = _PREFIXES.get(verb, "") + digits
        if verb in "oO" and not digits.startswith("0"):
            digits = "0" + digits
    return _pad(directive, sign + ("0o" if verb == "O" else "") + digits, zeros=False)


def _character(code: int) -> str:
    return chr(code) if 0 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"


def _unicode(directive: Directive, code: int) -> str:
    digits = format(code % 2**64, "X").rjust(max(4, directive.precision or 0), "0")
    printed = f"U+{digits}"
    if "#" in directive.flags and 0 <= code <= 0x10FFFF and chr(code).isprintable():
        printed += f" '{chr(code)}'"
    return _pad(directive, printed, zeros=False)


def _float(directive: Directive, verb: str, value: float) -> str | None:
    if verb not in "vbeEfFgGxX":
        return None
    if verb in "bxX" or "#" in directive.flags:
        raise RuleError(f"printf's %{verb} of a floating-point number is not supported in this form")
    sign = _sign(directive, negative=math.copysign(1, value) < 0)
    digits = _decimal(abs(value), verb, directive.precision)
    if "0" in directive.flags and "-" not in directive.flags:
        digits = digits.rjust((directive.width or 0) - len(sign), "0")
    return _pad(directive, sign + digits)


def _decimal(value: float, verb: str, precision: int | None) -> str:
    if verb in "eEfF":
        return format(value, f".{6 if precision is None else precision}{verb}")
    if precision is not None:
        return format(value, f".{precision}{'G' if verb == 'G' else 'g'}")
    return _shortest(value).upper() if verb == "G" else _shortest(value)


def _shortest(value: float) -> str:
    significant = len(repr(value).partition("e")[0].replace(".", "").strip("0")) or 1
    scientific = format(value, f".{significant - 1}e")
    exponent = int(scientific.partition("e")[2])
    if -4 <= exponent < _FIRST_EXPONENT:
        return format(value, f".{max(significant - 1 - exponent, 0)}f")
    return scientific


def sprintf(text: str, values: Sequence[object]) -> str:
    """Return values printed by a format, including Go's notes about errors in it, such as %!d(string=x)."""
    return _Printer(values).printed(text)


class _Printer:
    """Prints one format; `_at` is the position of the value that the next verb takes."""

    def __init__(self, values: Sequence[object]) -> None:
        self._values = values
        self._at = 0
        self._is_reordered = False

    def printed(self, text: str) -> str:
        result = limits.substituted(text, _DIRECTIVE.finditer(text), self._directive)
        if self._is_reordered or self._at >= len(self._values):
            return result
        return f"{result}%!(EXTRA {', '.join(map(_typed, self._values[self._at :]))})"

    def _directive(self, found: re.Match[str]) -> str:
        verb = found["verb"]
        if verb and verb in "[0123456789.*":
            raise RuleError(f"printf's {found[0]} is not supported")
        flags = frozenset(found["flags"])
        width, width_note = self._size(found["width"], "WIDTH")
        if width is not None and width < 0:
            flags, width = (flags | {"-"}) - {"0"}, -width
        precision, precision_note = self._size(found["precision"], "PREC")
        if precision is not None and precision < 0:
            precision, precision_note = None, "%!(BADPREC)"
        elif found["precision"] == "":
            precision = 0
        directive = Directive(flags, width, precision)
        return width_note + precision_note + self._verb(directive, found["index"], verb)

    def _size(self, size: str | None, name: str) -> tuple[int | None, str]:
        if size != "*":
            return self._limited(_number_of(size)) if size else None, ""
        value = self._take()
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST:
            return int(value), ""
        return None, f"%!(BAD{name})"

    def _limited(self, size: int) -> int:
        if size > _MOST:
            raise RuleError(f"printf's width or precision is larger than {_MOST:,}, which is too large")
        return size

    def _take(self) -> object:
        """Return the next value, `_MISSING` if there is none."""
        if self._at >= len(self._values):
            return _MISSING
        self._at += 1
        return self._values[self._at - 1]

    def _goes_to(self, index: str | None) -> bool:
        """Make the value of an explicit index the next one; return whether there is one."""
        if index is None:
            return True
        self._is_reordered = True
        position = _number_of(index) - 1
        exists = 0 <= position < len(self._values)
        self._at = position if exists else self._at
        return exists

    def _verb(self, directive: Directive, index: str | None, verb: str) -> str:
        exists = self._goes_to(index)
        if not verb:
            return "%!(NOVERB)"
        if verb == "%":
            return "%"
        if not exists:
            return f"%!{verb}(BADINDEX)"
        value = self._take()
        if value is _MISSING:
            return f"%!{verb}(MISSING)"
        if verb == "v":
            directive = replace(
                directive,
                flags=directive.flags - {"#", "+"},
                go_syntax="#" in directive.flags,
                field_names="+" in directive.flags,
            )
        return _format(directive, verb, value)


def _number_of(digits: str) -> int:
    """Return the number, or one beyond any limit if it has more digits than Python parses."""
    return int(digits.lstrip("0")[: len(str(_MOST)) + 1] or "0")


def _typed(value: object) -> str:
    return _NIL if value is None else f"{type_name(type(value))}={text_of(value)}"
