"""The functions of the template language: Go's own, sprig's, and Traefik's normalize.

The annotations of the Python functions are the Go types of the parameters.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches

from bridge.rules.error import RuleError
from bridge.rules.execute import Function
from bridge.rules.functions import builtins, collections, numbers, refused, text

_VARIADIC = 0x04


def _function(name: str, call: Callable[..., object]) -> Function:
    """Describe a function by its annotations; Go, too, checks arguments against the types of the parameters."""
    code = call.__code__
    names = code.co_varnames[: code.co_argcount + bool(code.co_flags & _VARIADIC)]
    kinds = tuple(call.__annotations__[parameter] for parameter in names)
    if code.co_flags & _VARIADIC:
        return Function(name, call, kinds[:-1], kinds[-1])
    return Function(name, call, kinds)


FUNCTIONS: Mapping[str, Function] = {
    name: _function(name, call)
    for table in (builtins.TABLE, text.TABLE, numbers.TABLE, collections.TABLE)
    for name, call in table.items()
}


def check(name: str) -> None:
    """Raise RuleError if there is no such function, with the reason or the nearest existing one."""
    if name in FUNCTIONS:
        return
    if reason := refused.REASONS.get(name):
        raise RuleError(f"the function {name} is not available: {reason}")
    nearest = get_close_matches(name, FUNCTIONS, n=1)
    raise RuleError(f"there is no function {name}", f"did you mean {nearest[0]}?" if nearest else "")
