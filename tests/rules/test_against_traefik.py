"""Any default rule and any constraint gives the same result as in Traefik's own code."""

import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.rules.constraints import Constraints
from bridge.rules.error import RuleError
from bridge.rules.execute import Function
from bridge.rules.functions import FUNCTIONS
from bridge.rules.template import Template
from bridge.rules.values import AnyMap, List
from tests.rules import table
from tests.rules.answers import Answer, Traefik

MODEL = {"name": table.NAME, "container_name": table.CONTAINER_NAME}
SAME_EVERY_TIME = settings(
    max_examples=600,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
DELIBERATE = re.compile(
    "not supported|not understood|is not Base|not valid UTF-8|too large|cannot make|too long|has needed it"
)


def rule(template: str, labels: Mapping[str, str]) -> Answer:
    """Return the bridge's result for a default rule."""
    try:
        return Template.parse(template).render(**MODEL, labels=labels)
    except RuleError as error:
        return f"deliberate: {error}" if DELIBERATE.search(str(error)) else None


def matches(expression: str, labels: Mapping[str, str]) -> Answer:
    """Return the bridge's answer to whether labels satisfy a constraint, as "true" or "false"."""
    try:
        return str(Constraints.parse(expression).match(labels)).lower()
    except RuleError as error:
        return "deliberate" if "the regular expression" in str(error) else None


@pytest.mark.parametrize(("template", "recorded"), table.read("templates.txt"))
def test_recorded_rule(rules_oracle: Traefik, template: str, recorded: Answer) -> None:
    """The results recorded in the table of templates are those of Traefik."""
    assert rules_oracle.rule(template, **MODEL, labels=table.LABELS) == recorded


@pytest.mark.parametrize(("expression", "recorded"), table.read("constraints.txt"))
def test_recorded_constraint(rules_oracle: Traefik, expression: str, recorded: Answer) -> None:
    """The results recorded in the table of constraints are those of Traefik."""
    assert rules_oracle.matches(expression, table.LABELS) == recorded


def characters() -> list[str]:
    """Return all characters that both sides' versions of Unicode know, in pieces."""
    newer_than_go = range(0x2EBF0, 0x2EE5E)
    every = (chr(code) for code in range(sys.maxunicode + 1) if code not in newer_than_go)
    known = [character for character in every if unicodedata.category(character) not in ("Cn", "Cs")]
    return ["".join(known[start : start + 1000]) for start in range(0, len(known), 1000)]


@pytest.mark.parametrize(
    "template",
    [
        "{{ index .Labels `all` | normalize }}",
        "{{ index .Labels `all` | upper }}",
        "{{ index .Labels `all` | lower }}",
        "{{ index .Labels `all` | title }}",
        "{{ index .Labels `all` | untitle }}",
        "{{ index .Labels `all` | swapcase }}",
        "{{ index .Labels `all` | nospace | len }}",
        "{{ range splitList `a` (index .Labels `all`) }}{{ trim . }}a{{ end }}",
        "{{ index .Labels `all` | quote }}",
        "{{ index .Labels `all` | printf `%+q` }}",
        "{{ index .Labels `all` | js }}",
        "{{ index .Labels `all` | html }}",
        "{{ index .Labels `all` | urlquery }}",
    ],
)
def test_every_character(rules_oracle: Traefik, template: str) -> None:
    """Functions that look at single characters treat each one as Go does."""
    for piece in characters():
        labels = {"all": "a" + " a".join(piece)}
        assert rule(template, labels) == rules_oracle.rule(template, **MODEL, labels=labels)


TEXTS = ["", "a", "ab", "-", ".", "a-b", "A b", "1", "02", "é", "x.y.z", " a ", r"\d+", "(a)|b", "%s", "%5v", "$1"]
LEAVES: Mapping[type, Sequence[str]] = {
    str: [".Name", ".ContainerName", ".Labels.tier", "$.Name", *(f"`{text}`" for text in TEXTS)],
    int: ["0", "1", "2", "3", "-1", "-2", "10", "1.0", "'a'", "0x10", "1e3"],
    bool: ["true", "false"],
    AnyMap: ["(dict)", "(dict `a` 1)", "(dict `a` (list) `b` nil)", "nil"],
    List: ["(list)", "(list 1 `a` nil)", "(splitList `.` `x.y.x`)", "(until 3)", "(list (list 1) 1.5)"],
    object: [".", "$", ".Labels", ".Labels.nosuch", "$x", "1.5", "nil", "(add 1 2)", "(index `a` 0)"],
}
RANDOM_OR_HUGE = {"keys", "values", "repeat", "fail", "index"}


def result_of(function: Function) -> type:
    """Return the kind of operand that a function returns."""
    kind: type = function.call.__annotations__["return"]
    return List if issubclass(kind, List) else kind if kind in LEAVES else object


MAKING = {
    kind: [
        name for name, function in FUNCTIONS.items() if result_of(function) is kind and name not in RANDOM_OR_HUGE
    ]
    for kind in LEAVES
}
ANY_KIND = st.sampled_from(list(LEAVES))


@st.composite
def operands(draw: st.DrawFn, kind: type, depth: int) -> str:
    """Draw an operand, nine times out of ten of the requested kind."""
    if kind is object or not draw(st.integers(0, 9)):
        kind = draw(ANY_KIND)
    if depth and draw(st.booleans()):
        return f"({draw(calls(draw(st.sampled_from(MAKING[kind])), depth - 1))})"
    return draw(st.sampled_from(LEAVES[kind]))


@st.composite
def calls(draw: st.DrawFn, name: str, depth: int) -> str:
    """Draw a call of a function, mostly with as many arguments as it takes."""
    function = FUNCTIONS[name]
    more = draw(st.integers(0, 3)) if function.rest else 0
    kinds = [*function.parameters, *[function.rest or object] * more]
    arguments = [draw(operands(_likely(kind, function), depth)) for kind in kinds]
    if arguments and draw(st.integers(0, 29)) == 0:
        arguments.pop()
    if bool(arguments) and draw(st.booleans()):
        return f"{arguments[-1]} | {' '.join([name, *arguments[:-1]])}"
    return " ".join([name, *arguments])


def _likely(kind: type, function: Function) -> type:
    """Return the useful kind for a parameter: sprig's list functions accept any type, but fail for most."""
    is_of_lists = (
        function.call.__module__.endswith("collections") and "values" in function.call.__code__.co_varnames
    )
    return List if kind is object and is_of_lists else kind


@st.composite
def expressions(draw: st.DrawFn) -> str:
    """Draw an operand or a call of any function."""
    if draw(st.integers(0, 3)) == 0:
        return draw(operands(object, 1))
    return draw(calls(draw(st.sampled_from(MAKING[draw(ANY_KIND.filter(MAKING.get))])), 2))


EXPRESSIONS = expressions()


@st.composite
def bodies(draw: st.DrawFn, depth: int = 2) -> str:
    """Draw text with actions and control structures."""
    parts = draw(st.lists(st.one_of(st.sampled_from(["a ", " \n", "-"]), actions(depth)), min_size=1, max_size=3))
    return "".join(parts)


@st.composite
def actions(draw: st.DrawFn, depth: int) -> str:
    """Draw an action or a control structure."""
    left, right = draw(st.sampled_from([("{{ ", " }}"), ("{{", "}}"), ("{{- ", " -}}")]))
    value = draw(EXPRESSIONS)
    forms = ["{value}", "{value}", "$x := {value}", "$x = {value}"]
    blocks = ["if {value}", "with {value}", "range {value}", "range $k, $x := {value}", "range $x = {value}"]
    form = draw(st.sampled_from(forms + blocks if depth else forms)).format(value=value)
    if not form.startswith(("if", "with", "range")):
        return left + form + right
    body, otherwise = draw(bodies(depth - 1)), draw(bodies(depth - 1))
    return f"{left}{form}{right}{body}{left}else{right}{otherwise}{left}end{right}"


def see_the_same(rules_oracle: Traefik, template: str, labels: Mapping[str, str] = table.LABELS) -> None:
    """See a template make the same rule, or an error for both, unless ours is one that is meant to be."""
    ours = rule(template, labels)
    if ours is None or not ours.startswith("deliberate"):
        assert ours == rules_oracle.rule(template, **MODEL, labels=labels)


@SAME_EVERY_TIME
@given(template=bodies())
def test_any_rule(rules_oracle: Traefik, template: str) -> None:
    """A template of any functions and control structures makes the same rule, or is an error for both."""
    see_the_same(rules_oracle, "{{ $x := 1 }}" + template)


PIECES = st.sampled_from(
    [
        *(
            "{{",
            "}}",
            "{{- ",
            " -}}",
            "{{/*",
            "*/}}",
            " ",
            " ",
            "\n",
            "(",
            ")",
            "|",
            ",",
            ".",
            "$",
            "$x",
            ":=",
            "=",
        ),
        *(
            "if ",
            "else",
            "else if ",
            "end",
            "range ",
            "with ",
            "break",
            "continue",
            "nil",
            "true",
            ".Name",
            ".Labels",
        ),
        *(
            '"a"',
            "`b`",
            "'c'",
            "1",
            "-1",
            "1.5",
            "upper ",
            "list ",
            "printf ",
            "a",
            "-",
            "\\",
            '"',
            "{{end}}",
            "{{.}}",
        ),
    ]
)


@SAME_EVERY_TIME
@given(pieces=st.lists(PIECES, max_size=14))
def test_any_tokens(rules_oracle: Traefik, pieces: list[str]) -> None:
    """Tokens in any order are the same rule, or an error for both."""
    see_the_same(rules_oracle, "".join(pieces))


@SAME_EVERY_TIME
@given(
    verbs=st.lists(
        st.from_regex(
            r"[ab]?%[-+# 0]{0,2}(\[[1-4]\])?([0-9]|\*)?(\.[0-3*]?)?[vTtdboOxXcqUeEfFgGsz%]", fullmatch=True
        ),
        max_size=3,
    ),
    values=st.lists(EXPRESSIONS, max_size=3),
)
def test_any_format(rules_oracle: Traefik, verbs: list[str], values: list[str]) -> None:
    """A format of any verbs, flags and values prints the same as in Go."""
    arguments = "".join(f" ({value})" for value in values)
    see_the_same(rules_oracle, f"{{{{ $x := list 1 `a` }}}}{{{{ printf `{''.join(verbs)}`{arguments} }}}}")


PATTERNS = st.lists(
    st.sampled_from(
        [
            "a",
            "b",
            "é",
            ".",
            "a*",
            "b+?",
            "(a|b)",
            "(?P<n>b)",
            "^",
            "$",
            r"\b",
            r"\B",
            "[^a]",
            r"\pL",
            "(",
            "|",
            "x{2}",
        ]
    ),
    max_size=4,
).map("".join)
SUBJECTS = st.text("abé \n", max_size=6)


@SAME_EVERY_TIME
@given(
    pattern=PATTERNS,
    subject=SUBJECTS,
    replacement=st.sampled_from(["-", "$0", "<$1>", "${n}", "$$", "$1x", ""]),
    most=st.integers(-1, 3),
)
def test_any_regular_expression(
    rules_oracle: Traefik, pattern: str, subject: str, replacement: str, most: int
) -> None:
    """A regular expression finds, replaces and splits the same text as in Go."""
    quoted = f"`{pattern}` (index .Labels `s`)"
    template = (
        f"{{{{ regexMatch {quoted} }}}};{{{{ regexFind {quoted} }}}};"
        f"{{{{ regexFindAll {quoted} {most} | join `,` }}}};"
        f"{{{{ regexReplaceAll {quoted} `{replacement}` }}}};{{{{ regexSplit {quoted} {most} | join `,` }}}}"
    )
    see_the_same(rules_oracle, template, {"s": subject})


WRONG = "`(`"
CONSTRAINTS = st.recursive(
    st.builds(
        "{}(`{}`,{}`{}`)".format,
        st.sampled_from(["Label", "LabelRegex"]),
        st.sampled_from(["tier", "a", "empty", "nosuch", "multi"]),
        st.sampled_from(["", " ", "\n"]),
        st.sampled_from(["web", "b", "", "e", "^", "(", ".", "\n"]),
    ),
    lambda inner: st.one_of(
        st.builds("!{}".format, inner),
        st.builds("({})".format, inner),
        st.builds("{} && {}".format, inner, inner),
        st.builds("{}||\n{}".format, inner, inner),
        st.builds("{}\n&& {}".format, inner, inner),
    ),
    max_leaves=6,
)
CONSTRAINT_PIECES = st.sampled_from(
    [
        *(
            "Label",
            "LabelRegex",
            "(",
            ")",
            ",",
            "`tier`",
            '"web"',
            "'a'",
            "&&",
            "||",
            "!",
            " ",
            "\n",
            "// x",
            "/* x */",
        ),
        *("/* \n */", "Label(`a`,`b`)", "Label(`a`,`c`)", '"', "`", "\\", "&", "1", "x"),
    ]
)


@SAME_EVERY_TIME
@given(expression=st.one_of(CONSTRAINTS, st.lists(CONSTRAINT_PIECES, max_size=9).map("".join)))
def test_any_constraint(rules_oracle: Traefik, expression: str) -> None:
    """An expression of any shape matches the same containers, or is an error on both sides.

    An invalid regular expression, of which one is drawn, is an error only in the bridge.
    """
    ours = matches(expression, table.LABELS)
    if ours == "deliberate":
        assert WRONG in expression
    else:
        assert ours == rules_oracle.matches(expression, table.LABELS)
