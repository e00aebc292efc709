"""Upper, lower and title case, letter by letter as Go's unicode package maps them.

Python maps some letters to several (the German sharp s to SS), and the last sigma of a word by context; Go does
neither. Source of the rules: Go's unicode, strings.ToUpper, strings.ToLower and strings.Title.
"""

import unicodedata
from collections.abc import Callable

SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_INVALID = "\ufffd"


def upper_letter(letter: str) -> str:
    """Return Go's unicode.ToUpper of one letter."""
    upper = letter.upper()
    return upper if len(upper) == 1 else title_letter(letter)


def lower_letter(letter: str) -> str:
    """Return Go's unicode.ToLower of one letter."""
    return letter.lower()[0]


def title_letter(letter: str) -> str:
    """Return Go's unicode.ToTitle of one letter."""
    title = letter.title()
    return title if len(title) == 1 else letter


def upper(text: str) -> str:
    """Return Go's strings.ToUpper."""
    return _mapped(upper_letter, text)


def lower(text: str) -> str:
    """Return Go's strings.ToLower."""
    return _mapped(lower_letter, text)


def _mapped(letter: Callable[[str], str], text: str) -> str:
    return "".join(letter(valid(character)) for character in text)


def valid(character: str) -> str:
    """Return a character, or the replacement character for a byte that is not UTF-8."""
    return _INVALID if "\udc80" <= character <= "\udcff" else character


def title(text: str) -> str:
    """Return Go's strings.Title: each word's first letter in title case, the rest as it is."""
    result, previous = "", " "
    for character in map(valid, text):
        result += title_letter(character) if _separates(previous) else character
        previous = character
    return result


def _separates(character: str) -> bool:
    if character.isascii():
        return not (character.isalnum() or character == "_")
    return not (character.isalpha() or character.isdecimal()) and character in SPACES


def untitle(text: str) -> str:
    """Return goutils.Uncapitalize: each word's first character in lower case; words end at white space."""
    result, is_first = "", True
    for character in map(valid, text):
        if character in SPACES:
            is_first = True
            result += character
        else:
            result += lower_letter(character) if is_first else character
            is_first = False
    return result


def swapcase(text: str) -> str:
    """Return goutils.SwapCase: a word that begins in lower case gets its first letter in title case."""
    result, is_first = "", True
    for character in map(valid, text):
        category = unicodedata.category(character)
        if category in ("Lu", "Lt"):
            result += lower_letter(character)
        elif category == "Ll":
            result += title_letter(character) if is_first else upper_letter(character)
        else:
            result += character
            is_first = character in SPACES
            continue
        is_first = False
    return result
