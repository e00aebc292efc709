"""sprig's functions of strings, encodings and regular expressions, and Traefik's normalize.

The arguments are in sprig's order: the value from a pipe comes last.
Source of the rules: sprig 3.2.3, which Traefik 3 uses, with goutils 1.1.1.
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Mapping

from bridge.rules import regex
from bridge.rules.error import RuleError
from bridge.rules.formatting import quote, text_of
from bridge.rules.functions import casing
from bridge.rules.limits import check_length
from bridge.rules.literals import from_bytes, to_bytes
from bridge.rules.normalize import normalize
from bridge.rules.values import StringList, StringMap


def to_string(value: object) -> str:
    """Return sprig's strval: a string as it is, any other value as printed by %v."""
    return value if isinstance(value, str) else text_of(value)


def _trim(text: str) -> str:
    return text.strip(casing.SPACES)


def _trim_all(cutset: str, text: str) -> str:
    return text.strip(cutset)


def _trim_suffix(suffix: str, text: str) -> str:
    return text.removesuffix(suffix)


def _trim_prefix(prefix: str, text: str) -> str:
    return text.removeprefix(prefix)


def _nospace(text: str) -> str:
    """Treat bytes as characters, as sprig does, so that each byte outside of ASCII comes out as two."""
    data = to_bytes(text).decode("latin-1")
    kept = "".join(character for character in data if character not in casing.SPACES)
    return text if len(kept) == len(data) else kept


def _repeat(count: int, text: str) -> str:
    if count < 0:
        raise RuleError(f"repeat cannot make {count} copies")
    check_length(count * len(text))
    return text * count


def _substr(start: int, end: int, text: str) -> str:
    data = to_bytes(text)
    if start < 0:
        return from_bytes(data[: _within(end, 0, len(data))])
    if end < 0 or end > len(data):
        return from_bytes(data[_within(start, 0, len(data)) :])
    return from_bytes(data[_within(start, 0, end) : end])


def _within(position: int, least: int, most: int) -> int:
    if not least <= position <= most:
        raise RuleError(f"the position {position} is out of range")
    return position


def _trunc(length: int, text: str) -> str:
    data = to_bytes(text)
    if length < 0:
        return from_bytes(data[length:]) if len(data) + length > 0 else text
    return from_bytes(data[:length])


def _abbrev(width: int, text: str) -> str:
    data = to_bytes(text)
    if width < 4 or len(data) <= width:
        return text
    return from_bytes(data[: width - 3] + b"...")


def _contains(part: str, text: str) -> bool:
    return part in text


def _has_prefix(prefix: str, text: str) -> bool:
    return text.startswith(prefix)


def _has_suffix(suffix: str, text: str) -> bool:
    return text.endswith(suffix)


def _quote(*values: object) -> str:
    return " ".join(quote(to_string(value)) for value in values if value is not None)


def _squote(*values: object) -> str:
    return " ".join(f"'{text_of(value)}'" for value in values if value is not None)


def _cat(*values: object) -> str:
    return " ".join(text_of(value) for value in values if value is not None)


def _indent(spaces: int, text: str) -> str:
    if spaces < 0:
        raise RuleError(f"the text cannot be indented by {spaces}")
    check_length(len(text) + spaces * (text.count("\n") + 1))
    pad = " " * spaces
    return pad + text.replace("\n", "\n" + pad)


def _nindent(spaces: int, text: str) -> str:
    return "\n" + _indent(spaces, text)


def _replace(old: str, new: str, text: str) -> str:
    check_length(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _plural(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


def _initials(text: str) -> str:
    """Treat bytes as characters, as sprig does."""
    words = to_bytes(text).decode("latin-1").translate(dict.fromkeys(map(ord, casing.SPACES), " ")).split(" ")
    return "".join(word[:1] for word in words)


def _split(separator: str, text: str) -> StringMap:
    return _numbered(split_text(separator, text))


def _splitn(separator: str, most: int, text: str) -> StringMap:
    if most == 0:
        return StringMap()
    if separator:
        return _numbered(text.split(separator, most - 1 if most > 0 else -1))
    parts = list(text)
    return _numbered(parts if most < 0 or most > len(parts) else [*parts[: most - 1], "".join(parts[most - 1 :])])


def _numbered(parts: list[str]) -> StringMap:
    return StringMap((f"_{number}", part) for number, part in enumerate(parts))


def split_text(separator: str, text: str) -> list[str]:
    """Return Go's strings.Split."""
    return text.split(separator) if separator else list(text)


def _split_list(separator: str, text: str) -> StringList:
    return StringList(split_text(separator, text))


def _b64enc(text: str) -> str:
    return base64.b64encode(to_bytes(text)).decode()


def _b64dec(text: str) -> str:
    return _decoded(text, _from_base64, "Base64")


def _from_base64(encoded: str) -> bytes:
    """Decode Base64 with exactly the padding it needs; Python would accept more."""
    if len(encoded) % 4 or encoded.endswith("==="):
        raise ValueError("the padding is wrong")
    return base64.b64decode(encoded, validate=True)


def _b32enc(text: str) -> str:
    return base64.b32encode(to_bytes(text)).decode()


def _b32dec(text: str) -> str:
    return _decoded(text, base64.b32decode, "Base32")


def _decoded(text: str, decode: Callable[[str], bytes], name: str) -> str:
    """Refuse what sprig would replace by an error message, which is never a valid rule."""
    try:
        return from_bytes(decode(text.replace("\r", "").replace("\n", "")))
    except (binascii.Error, ValueError):
        raise RuleError(f"{text} is not {name}") from None


def _sha1sum(text: str) -> str:
    return hashlib.sha1(to_bytes(text), usedforsecurity=False).hexdigest()


def _sha256sum(text: str) -> str:
    return hashlib.sha256(to_bytes(text)).hexdigest()


def _adler32sum(text: str) -> str:
    return str(zlib.adler32(to_bytes(text)))


def _regex_match(pattern: str, text: str) -> bool:
    return regex.is_valid(pattern) and regex.matches(pattern, text)


def _fail(message: str) -> str:
    raise RuleError(f"the template fails: {message}")


TABLE: Mapping[str, Callable[..., object]] = {
    "normalize": normalize,
    "trim": _trim,
    "trimAll": _trim_all,
    "trimall": _trim_all,
    "trimSuffix": _trim_suffix,
    "trimPrefix": _trim_prefix,
    "upper": casing.upper,
    "lower": casing.lower,
    "title": casing.title,
    "untitle": casing.untitle,
    "swapcase": casing.swapcase,
    "nospace": _nospace,
    "repeat": _repeat,
    "substr": _substr,
    "trunc": _trunc,
    "abbrev": _abbrev,
    "contains": _contains,
    "hasPrefix": _has_prefix,
    "hasSuffix": _has_suffix,
    "quote": _quote,
    "squote": _squote,
    "cat": _cat,
    "indent": _indent,
    "nindent": _nindent,
    "replace": _replace,
    "plural": _plural,
    "toString": to_string,
    "initials": _initials,
    "split": _split,
    "splitn": _splitn,
    "splitList": _split_list,
    "b64enc": _b64enc,
    "b64dec": _b64dec,
    "b32enc": _b32enc,
    "b32dec": _b32dec,
    "sha1sum": _sha1sum,
    "sha256sum": _sha256sum,
    "adler32sum": _adler32sum,
    "regexMatch": _regex_match,
    "mustRegexMatch": regex.matches,
    "regexFind": regex.find,
    "mustRegexFind": regex.find,
    "regexFindAll": regex.find_all,
    "mustRegexFindAll": regex.find_all,
    "regexReplaceAll": regex.replace,
    "mustRegexReplaceAll": regex.replace,
    "regexReplaceAllLiteral": regex.replace_literally,
    "mustRegexReplaceAllLiteral": regex.replace_literally,
    "regexSplit": regex.split,
    "mustRegexSplit": regex.split,
    "regexQuoteMeta": regex.quoted,
    "fail": _fail,
}
