"""Constraints: the recorded table, and the error messages."""

import pytest

from bridge.rules.constraints import Constraints
from bridge.rules.error import RuleError
from tests.rules import table

WRONG = ("(", "(?=a)", r"\C", r"web\Z", "a{1001}", r"(web)\1")
"""Regular expressions that Traefik cannot read."""


def matched(expression: str) -> str | None:
    """Return whether the table's labels satisfy an expression, in the oracle's words, or None for an error."""
    try:
        return "true" if Constraints.parse(expression).match(table.LABELS) else "false"
    except RuleError:
        return None


@pytest.mark.parametrize(("expression", "recorded"), table.read("constraints.txt"))
def test_constraint(expression: str, recorded: str | None) -> None:
    """An expression matches the labels that it matches in Traefik, and is an error if it is one there.

    An invalid regular expression, which matches nothing in Traefik, is an error, too.
    """
    is_wrong = any(f"`{one}`" in expression for one in WRONG)
    assert matched(expression) == (None if is_wrong else recorded)


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        (
            "Label('a', `b`)",
            "column 7: ' is not expected here",
            'write strings in `backticks` or "double quotes"',
        ),
        ("Label(a, `b`)", "column 7: a is not a string", 'write strings in `backticks` or "double quotes"'),
        ("Lable(`a`, `b`)", "column 1: there is no function Lable", "did you mean Label?"),
        ("Node(`a`)", "column 1: there is no function Node", "there are Label and LabelRegex"),
        ("Label(`a`)", "column 1: Label takes two strings, not 1", "write Label(`name`, `value`)"),
        (
            "LabelRegex(`a`,`b`,`c`)",
            "column 1: LabelRegex takes two strings, not 3",
            "write LabelRegex(`name`, `expression`)",
        ),
        (
            "Label(`a`, `b`)\n&& Label(`c`, `d`)",
            "line 1, column 16: a new line ends the expression here",
            "end the line with && or ||, or write the expression on one line",
        ),
        ("Label(`a`, `b`) &&", "column 19: the expression is not complete", ""),
        ("Label(`a\udcff`, `b`)", "column 9: '\\udcff' is not allowed, not even in a string", ""),
        ("Label(`a`, `b", "column 12: a string is not closed", ""),
        ('Label("a', "column 7: a string is not closed", ""),
        ("Label(`a`, `b`) & Label(`c`, `d`)", "column 17: & is not expected here", ""),
        ("Label(`a`, `b`)\a", "column 16: '\\x07' is not expected here", ""),
        (" ", "column 2: the expression is not complete", ""),
        ("LabelRegex(`a`, `(`)", "column 1: the regular expression ( is wrong: missing ): (", ""),
        ('LabelRegex(`a`, "\\xff")', "column 1: the regular expression is not valid UTF-8", ""),
        (
            "!LabelRegex(`a`, `\\p{LC}`)",
            "column 2: the regular expression \\p{LC} is not supported: invalid character class range: \\p{LC}",
            "write shorter repetitions, and classes by short names such as \\pL, \\p{Lu} and \\p{Greek}",
        ),
    ],
)
def test_error_message(expression: str, message: str, hint: str) -> None:
    """An error says where it is, what is wrong and, if that can be known, what to write instead."""
    with pytest.raises(RuleError) as raised:
        Constraints.parse(expression)
    assert (raised.value.message, raised.value.hint) == (message, hint)


@pytest.mark.parametrize("expression", [r"\p{LC}", r"[\p{ASCII}]", r"\P{Cn}", r"\p{letter}", r"\pL{1000}", r"a\B"])
def test_regular_expressions_that_only_go_supports(expression: str) -> None:
    """A regular expression that only Go supports is an error at start, instead of matching nothing."""
    with pytest.raises(RuleError, match="is not supported"):
        Constraints.parse(f"LabelRegex(`a`, `{expression}`)")


def test_re2_writes_no_error_by_itself(capfd: pytest.CaptureFixture[str]) -> None:
    """RE2 itself writes nothing about a wrong expression."""
    with pytest.raises(RuleError, match="missing"):
        Constraints.parse("LabelRegex(`a`, `(never compiled before`)")
    assert capfd.readouterr() == ("", "")


def test_label_with_lone_surrogate_matches_nothing() -> None:
    """A label with half a surrogate pair matches no regular expression, and stops nothing."""
    assert not Constraints.parse("LabelRegex(`a`, ``)").match({"a": "\ud800"})


def test_deep_nesting() -> None:
    """An expression that is nested beyond all reason is an error, not a crash."""
    with pytest.raises(RuleError, match="nested too deeply"):
        Constraints.parse("(" * 9999 + "Label(`a`,`b`)" + ")" * 9999)
