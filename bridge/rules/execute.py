"""Runs a parsed template on one container, with the errors that Go's text/template reports at run time.

Source of the rules: Go's text/template.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from msgspec import Struct

from bridge.rules import nodes
from bridge.rules.error import RuleError, place
from bridge.rules.formatting import text_of
from bridge.rules.limits import MOST
from bridge.rules.values import NIL_MAP, AnyMap, Int64, List, Map, Model, StringMap, sorted_keys, truth, type_name


class Function(Struct, frozen=True):
    """A function of the template language, with the Go types of its parameters (`object` means any)."""

    name: str
    call: Callable[..., object]
    parameters: tuple[type, ...]
    rest: type | None = None


class _PlacedError(RuleError):
    """An error that already says where it happened."""


class _Nothing:
    """The value before the first command of a pipe."""


class _NilElement:
    """A nil element of a list or a map: unlike a missing value, it has no fields."""


class _Break(Exception):  # noqa: N818 - a jump, no error
    pass


class _Continue(Exception):  # noqa: N818 - a jump, no error
    pass


_NOTHING: Final = _Nothing()
_NIL_ELEMENT: Final = _NilElement()
_NO_VALUE = "<no value>"
# What Python raises for values that nobody thought of. No container's labels may stop the bridge.
_OF_DATA = (ArithmeticError, LookupError, MemoryError, TypeError, ValueError)
_HINTS = {
    (int, Int64): "convert it with int",
    (AnyMap, StringMap): "read a label with index",
    (str, int): "convert it with toString",
    (str, Int64): "convert it with toString",
}


def execute(text: str, body: nodes.Body, functions: Mapping[str, Function], model: Model) -> str:
    """Return the output of the template (`text`, parsed as `body`) for a container; raises RuleError."""
    try:
        return _Execution(text, functions, model).printed(body)
    except RecursionError:
        raise RuleError("the template is nested too deeply") from None
    except UnicodeEncodeError:
        raise RuleError("a text that the template reads is not valid Unicode") from None
    except RuleError:
        raise
    except _OF_DATA as error:
        raise RuleError(f"the template fails on the data of this container: {error!r}") from error


class _Execution:
    def __init__(self, text: str, functions: Mapping[str, Function], model: Model) -> None:
        self._text = text
        self._functions = functions
        self._model = model
        self._variables: list[tuple[str, object]] = [("$", model)]
        self._printed: list[str] = []
        self._steps = 0

    def printed(self, body: nodes.Body) -> str:
        self._run(self._model, body)
        return "".join(self._printed)

    def _run(self, dot: object, body: nodes.Body) -> None:
        for node in body:
            self._run_node(dot, node)

    def _spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MOST:
            raise RuleError(f"the template takes too long: more than {MOST:,} steps")

    def _print(self, text: str) -> None:
        self._spend(len(text))
        self._printed.append(text)

    def _run_node(self, dot: object, node: nodes.Node) -> None:
        self._spend(1)
        match node:
            case nodes.Text():
                self._print(node.text)
            case nodes.Action():
                self._act(dot, node.pipe)
            case nodes.Branch():
                self._branch(dot, node)
            case nodes.Range():
                self._range(dot, node)
            case nodes.Break():
                raise _Break
            case nodes.Continue():
                raise _Continue

    def _act(self, dot: object, pipe: nodes.Pipe) -> None:
        value = self._pipe(dot, pipe)
        if not pipe.variables:
            self._print(_NO_VALUE if value is None else text_of(value))

    def _branch(self, dot: object, node: nodes.Branch) -> None:
        mark = len(self._variables)
        value = self._pipe(dot, node.pipe)
        if truth(value):
            self._run(value if node.sets_dot else dot, node.body)
        else:
            self._run(dot, node.otherwise)
        del self._variables[mark:]

    def _range(self, dot: object, node: nodes.Range) -> None:
        mark = len(self._variables)
        value = self._pipe(dot, node.pipe)
        slots = len(self._variables)
        is_empty = True
        try:
            for key, element in self._items(node, value):
                is_empty = False
                self._iterate(node, key, element)
                del self._variables[slots:]
        except _Break:
            pass
        if is_empty:
            self._run(dot, node.otherwise)
        del self._variables[mark:]

    def _items(self, node: nodes.Range, value: object) -> Iterator[tuple[object, object]]:
        self._spend(_weight(value))
        if value is None:
            return iter(())
        if isinstance(value, List):
            return enumerate(map(_element, value))
        if isinstance(value, Map):
            return ((key, _element(value[key])) for key in sorted_keys(value))
        if isinstance(value, int) and not isinstance(value, bool) and len(node.pipe.variables) < 2:
            return ((None, type(value)(number)) for number in range(value))
        message = f"range cannot go over {text_of(value)} of type {type_name(type(value))}"
        raise _PlacedError(f"{place(self._text, node.position)}: {message}")

    def _iterate(self, node: nodes.Range, key: object, element: object) -> None:
        self._spend(1)
        names = node.pipe.variables
        values = (key, element)[-len(names) :] if names else ()
        for name, value in zip(names, values, strict=True):
            self._assign(name, value)
        with suppress(_Continue):
            self._run(element, node.body)

    def _assign(self, name: str, value: object) -> None:
        for index in reversed(range(len(self._variables))):
            if self._variables[index][0] == name:
                self._variables[index] = (name, value)
                return
        raise RuleError(f"the variable {name} is not set before it is assigned")

    def _variable(self, name: str) -> object:
        for known, value in reversed(self._variables):
            if known == name:
                return value
        raise RuleError(f"the variable {name} is not set where it is used")

    def _pipe(self, dot: object, pipe: nodes.Pipe) -> object:
        value: object = _NOTHING
        for command in pipe.commands:
            value = self._command(dot, command, value)
            value = None if value is _NIL_ELEMENT else value
        for name in pipe.variables:
            if pipe.assigns:
                self._assign(name, value)
            else:
                self._variables.append((name, value))
        return value

    def _command(self, dot: object, command: nodes.Command, final: object) -> object:
        try:
            return self._evaluate(dot, command, final)
        except _PlacedError:
            raise
        except RuleError as error:
            message = f"{place(self._text, command.position)}: {error.message}"
            raise _PlacedError(message, error.hint) from None

    def _evaluate(self, dot: object, command: nodes.Command, final: object) -> object:
        first = command.operands[0]
        if isinstance(first, nodes.Function):
            return self._call(dot, first.name, command.operands[1:], final)
        has_arguments = len(command.operands) > 1 or final is not _NOTHING
        if isinstance(first, nodes.Nil):
            raise RuleError("nil is not a command")
        return self._operand(dot, first, has_arguments=has_arguments)

    def _operand(self, dot: object, operand: nodes.Operand, *, has_arguments: bool = False) -> object:
        """Evaluate an operand of any type; only a function takes arguments."""
        match operand:
            case nodes.Function():
                return _element(self._call(dot, operand.name, (), _NOTHING))
            case nodes.Field():
                return _field(dot, operand.name, has_arguments=has_arguments)
            case nodes.Chain():
                receiver = self._operand(dot, operand.operand)
                return _field(receiver, operand.name, has_arguments=has_arguments)
        if has_arguments:
            raise RuleError("a value that is not a function is given an argument")
        return self._plain_operand(dot, operand)

    def _plain_operand(self, dot: object, operand: nodes.Operand) -> object:
        match operand:
            case nodes.Variable():
                return self._variable(operand.name)
            case nodes.Pipe():
                return self._pipe(dot, operand)
            case nodes.Constant():
                return operand.value
            case nodes.Number():
                return _number(operand)
        return dot if isinstance(operand, nodes.Dot) else None

    def _call(self, dot: object, name: str, operands: Sequence[nodes.Operand], final: object) -> object:
        function = self._functions[name]
        kinds = _kinds(function, len(operands) + (final is not _NOTHING))
        if name in ("and", "or"):
            return self._short_circuit(dot, name, operands, final)
        arguments = [self._argument(dot, operand, kind) for operand, kind in zip(operands, kinds, strict=False)]
        if final is not _NOTHING:
            arguments.append(_checked(final, kinds[-1]))
        self._spend(1 + sum(map(_weight, arguments)))
        result = function.call(*arguments)
        self._spend(_weight(result))
        return result

    def _short_circuit(self, dot: object, name: str, operands: Sequence[nodes.Operand], final: object) -> object:
        value = None
        for operand in operands:
            value = self._argument(dot, operand, object)
            if truth(value) == (name == "or"):
                return value
        return value if final is _NOTHING else final

    def _argument(self, dot: object, operand: nodes.Operand, kind: type) -> object:
        if isinstance(operand, nodes.Number) and kind is not object:
            return _literal(operand, kind)
        return _checked(self._operand(dot, operand), kind)


def _weight(value: object) -> int:
    """Return how many steps it takes to process a value; characters count most, because of regular expressions."""
    if isinstance(value, str):
        return len(value)
    return len(value) // 8 if isinstance(value, Map | List) else 0


def _element(value: object) -> object:
    return _NIL_ELEMENT if value is None else value


def _field(receiver: object, name: str, *, has_arguments: bool) -> object:
    if receiver is None:
        return None
    is_model_field = isinstance(receiver, Model) and name in Model.__struct_fields__
    if not is_model_field and not isinstance(receiver, Map):
        raise RuleError(*_no_field(receiver, name))
    if has_arguments:
        raise RuleError(f".{name} is not a function, but is given an argument")
    if isinstance(receiver, Map):
        return _element(receiver[name]) if name in receiver else None
    return getattr(receiver, name)


def _no_field(receiver: object, name: str) -> tuple[str, str]:
    if isinstance(receiver, Model):
        return f"there is no field .{name}", "the fields are .Name, .ContainerName and .Labels"
    kind = "nil" if receiver is _NIL_ELEMENT else f"a value of type {type_name(type(receiver))}"
    return f"{kind} has no field .{name}", ""


def _number(number: nodes.Number) -> int | float:
    value = number.floating if number.is_float else number.integer
    if value is None:
        raise RuleError(f"{number.text} is too large")
    return value


def _kinds(function: Function, count: int) -> Sequence[type]:
    """Return the types of `count` arguments; raises RuleError if the function does not take that many."""
    wanted = len(function.parameters)
    if count < wanted or (count > wanted and function.rest is None):
        at_least = "" if function.rest is None else "at least "
        raise RuleError(
            f"wrong number of arguments for {function.name}: {at_least}{wanted} expected, {count} given"
        )
    rest = function.rest or object
    return (*function.parameters, *[rest] * (count - wanted))


def _literal(number: nodes.Number, kind: type) -> int:
    if kind is not int or number.integer is None:
        raise RuleError(f"{number.text} is given where the type {type_name(kind)} is expected")
    return number.integer


def _checked(value: object, kind: type) -> object:
    if value is None or value is _NIL_ELEMENT:
        if kind is AnyMap and value is None:
            return NIL_MAP
        if kind is not object:
            raise RuleError(f"there is no value where the type {type_name(kind)} is expected")
        return None
    if kind is object or type(value) is kind:
        return value
    message = f"the type {type_name(kind)} is expected, not {type_name(type(value))}"
    raise RuleError(message, _HINTS.get((kind, type(value)), ""))
