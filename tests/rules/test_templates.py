"""The default rule: the recorded table, deliberate differences, and the error messages."""

from time import process_time

import pytest

from bridge.rules.error import RuleError
from bridge.rules.execute import Function, execute
from bridge.rules.parser import parse
from bridge.rules.template import Template
from bridge.rules.values import Model, StringMap
from tests.rules import table


def rendered(template: str) -> str | None:
    """Return the rule for the table's container, None for an error."""
    try:
        return Template.parse(template).render(
            name=table.NAME, container_name=table.CONTAINER_NAME, labels=table.LABELS
        )
    except RuleError:
        return None


@pytest.mark.parametrize(("template", "recorded"), table.read("templates.txt"))
def test_rule(template: str, recorded: str | None) -> None:
    """A template gives the same rule as in Traefik."""
    assert rendered(template) == recorded


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        pytest.param('{{ env "HOME" }}', "environment", id="secrets"),
        pytest.param('{{ expandenv "$HOME" }}', "environment", id="secrets-in-text"),
        pytest.param("{{ now }}", "would never settle", id="time"),
        pytest.param('{{ getHostByName "a" }}', "the network", id="network"),
        pytest.param('{{ genPrivateKey "rsa" }}', "no keys", id="keys"),
        pytest.param('{{ toJson "a" }}', "no rule has needed it", id="unneeded"),
        pytest.param('{{ define "a" }}{{ end }}', "define is not supported", id="define"),
        pytest.param('{{ template "a" }}', "template is not supported", id="template"),
        pytest.param('{{ block "a" . }}{{ end }}', "block is not supported", id="block"),
        pytest.param("{{ 1i }}", "not a number", id="complex"),
        pytest.param("{{ 1+2i }}", "part of a number", id="complex-sum"),
    ],
)
def test_refused_at_parse(template: str, reason: str) -> None:
    """Functions and actions that only Traefik supports are refused before anything runs, with the reason."""
    with pytest.raises(RuleError, match=reason):
        Template.parse(template)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        pytest.param('{{ trunc 1 "é" }}', "cuts a character", id="cut-inside-a-character"),
        pytest.param('{{ b64dec "a" }}', "a is not Base64", id="base64"),
        pytest.param('{{ b64dec "YWJj====" }}', "is not Base64", id="base64-padding"),
        pytest.param('{{ b64dec "YWJj=" }}', "is not Base64", id="base64-padding-of-one"),
        pytest.param('{{ b32dec "a" }}', "a is not Base32", id="base32"),
        pytest.param('{{ printf "%p" list }}', "%p is not supported", id="address"),
        pytest.param('{{ printf "%x" 1.5 }}', "%x of a floating", id="hexadecimal-float"),
        pytest.param('{{ floor "+Inf" }}', "is not supported", id="infinity"),
        pytest.param('{{ maxf 1 "nan" }}', "is not supported", id="no-number"),
        pytest.param('{{ printf "%[1]5d" 1 }}', "is not supported", id="index-before-width"),
        pytest.param('{{ repeat 99999999 "a" }}', "too long", id="memory"),
        pytest.param("{{ until 99999999 }}", "too long", id="memory-of-a-list"),
        pytest.param(
            "{{ untilStep -9223372036854775808 9223372036854775807 1 }}", "too long", id="longer-than-any-memory"
        ),
        pytest.param(f'{{{{ printf "%{"9" * 5000}d" 1 }}}}', "too large", id="width"),
        pytest.param('{{ regexFind "a" "\\xff" }}', "not valid UTF-8", id="regexFind-on-bytes"),
        pytest.param('{{ regexMatch "a" "\\xff" }}', "not valid UTF-8", id="regexMatch-on-bytes"),
        pytest.param("{{ regexMatch `\\p{LC}` `a` }}", "is not supported", id="class-of-go"),
        pytest.param("{{ regexFind `\\pL{1000}` `a` }}", "is not supported", id="repetition-of-go"),
        pytest.param("{{ regexMatch `\\B` `é` }}", "is not supported", id="within-characters"),
        pytest.param(
            '{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ $d }}', "nested too deeply", id="endless-nesting"
        ),
    ],
)
def test_refused_for_a_container(template: str, reason: str) -> None:
    """A container gets no rule where Traefik would put an error message, an address or broken text into it."""
    with pytest.raises(RuleError, match=reason):
        Template.parse(template).render(name="a", container_name="a", labels={})


@pytest.mark.parametrize(
    ("template", "label", "rule"),
    [
        ("{{ atoi .Labels.a }}", "9" * 5000, "9223372036854775807"),
        ("{{ atoi .Labels.a }}", "-" + "9" * 5000, "-9223372036854775808"),
        ("{{ atoi .Labels.a }}", "0" * 5000 + "7", "7"),
        ("{{ printf .Labels.a 1 }}", f"%[{'9' * 5000}]d", "%!d(BADINDEX)"),
        ("{{ printf .Labels.a 1 }}", f"%[{'0' * 5000}1]d", "1"),
    ],
)
def test_numbers_of_many_digits(template: str, label: str, rule: str) -> None:
    """A number of any length is read as in Go."""
    assert Template.parse(template).render(name="a", container_name="a", labels={"a": label}) == rule


@pytest.mark.parametrize(
    ("template", "labels"),
    [
        pytest.param("{{ range atoi .Labels.a }}x{{ end }}", {"a": "300000"}, id="iterations"),
        pytest.param("{{ range atoi .Labels.a }}{{ end }}", {"a": "300000"}, id="iterations of nothing"),
        pytest.param(
            "{{ range atoi .Labels.a }}{{ range atoi $.Labels.a }}{{ end }}{{ end }}",
            {"a": "600"},
            id="nested iterations",
        ),
        pytest.param(
            "{{ range atoi .Labels.a }}" + "{{ if 0 }}{{ end }}" * 9 + "{{ end }}", {"a": "30000"}, id="conditions"
        ),
        pytest.param(
            "{{ range splitList `` .Labels.a }}{{ $x := sha1sum $.Labels.a }}{{ end }}",
            {"a": "x" * 600},
            id="calls",
        ),
        pytest.param("{{ range until 9 }}{{ $.Labels.a }}{{ end }}", {"a": "x" * 40_000}, id="text"),
        pytest.param("{{ replace `a` .Labels.a .Labels.a }}", {"a": "a" * 600}, id="replaced"),
        pytest.param("{{ splitList `` .Labels.a | join .Labels.a }}", {"a": "a" * 600}, id="joined"),
        pytest.param("{{ indent (len .Labels.a) .Labels.a }}", {"a": "\n" * 600}, id="indented"),
        pytest.param("{{ printf .Labels.a 1 }}", {"a": "%9999[1]d" * 60}, id="formatted"),
        pytest.param("{{ printf .Labels.a .Labels.a }}", {"a": "%[1]s" * 300}, id="formatted again"),
        pytest.param("{{ regexReplaceAll `.*` .Labels.a .Labels.a }}", {"a": "$0" * 600}, id="expanded"),
        pytest.param(
            "{{ regexReplaceAll `.` .Labels.a .Labels.a }}", {"a": "${b}" * 300}, id="expanded to nothing"
        ),
        pytest.param("{{ regexReplaceAll `b` .Labels.a `` }}", {"a": "a" * 17_000}, id="matched"),
        pytest.param(
            "{{ $x := list `a` }}{{ range atoi .Labels.a }}{{ $x = list $x $x }}{{ end }}{{ $x }}",
            {"a": "18"},
            id="printed",
        ),
    ],
)
def test_work_and_size_of_rule_are_limited(template: str, labels: dict[str, str]) -> None:
    """No label can make a rule larger, or keep the bridge busy longer, than any reasonable rule needs."""
    with pytest.raises(RuleError, match="too long"):
        Template.parse(template).render(name="a", container_name="a", labels=labels)


def seconds(template: str, label: str) -> float:
    """Return the processor time that a template takes for a label."""
    parsed = Template.parse(template)
    started = process_time()
    parsed.render(name="a", container_name="a", labels={"a": label})
    return process_time() - started


@pytest.mark.parametrize(
    ("template", "piece", "most"),
    [
        ("{{ regexReplaceAll `[^a-z]` .Labels.a `-` | sha1sum }}", "A.", 16_000),
        ("{{ regexSplit `[^a-z]` .Labels.a -1 | len }}", "A.", 16_000),
        ("{{ splitList `,` .Labels.a | uniq | len }}", "".join(f"{number}," for number in range(1000)), 3_890),
        ("{{ maxf (print `0x` .Labels.a) 1 }}", "f", 8_000),
    ],
)
def test_time_grows_linearly_with_label(template: str, piece: str, most: int) -> None:
    """Time grows linearly with a label: eight times the text takes about eight times as long."""
    few, many = (piece * most)[: most // 8], (piece * most)[:most]
    assert min(seconds(template, many) for _ in range(3)) < 24 * min(seconds(template, few) for _ in range(3))


@pytest.mark.parametrize("error", [OverflowError, IndexError, MemoryError, TypeError, ValueError])
def test_unexpected_exception_drops_only_the_router(error: type[Exception]) -> None:
    """Whatever exception a function raises for a container costs its router, not the bridge."""

    def fails() -> str:
        raise error

    body = parse("{{ fails }}", lambda _: None)
    model = Model("a", "a", StringMap())
    with pytest.raises(RuleError, match=error.__name__):
        execute("{{ fails }}", body, {"fails": Function("fails", fails, ())}, model)


@pytest.mark.parametrize("template", ["{{ range .Labels }}{{ . }}{{ end }}", "{{ .Labels.a | len }}"])
def test_labels_with_lone_surrogates(template: str) -> None:
    """A label with half a surrogate pair costs the router if the template needs its bytes."""
    with pytest.raises(RuleError, match="not valid Unicode"):
        Template.parse(template).render(name="a", container_name="a", labels={"a": "\ud800", "\ud800": ""})


@pytest.mark.parametrize(
    ("template", "message", "hint"),
    [
        (
            "Host(`{{ nomalize .Name }}`)",
            "column 10: there is no function nomalize",
            "did you mean normalize?",
        ),
        ("{{ xyz }}", "column 4: there is no function xyz", ""),
        ("a\n{{ .Name }}\n{{ .Name", "line 3, column 1: the action is not closed by two braces", ""),
        ("{{ if .Name }}", "column 4: if has no end", ""),
        ("{{ end }}", "column 4: end has nothing to end", ""),
        ("{{ $x }}", "column 4: the variable $x is not set before it is used", ""),
        (
            "{{ if 1 }}{{ $x := 2 }}{{ end }}{{ $x }}",
            "column 36: the variable $x is not set before it is used",
            "",
        ),
        (
            "{{ range $x := list }}{{ end }}{{ $x }}",
            "column 35: the variable $x is not set before it is used",
            "",
        ),
        ("{{ range $x, .Name }}{{ end }}", "column 14: range needs a variable after the comma", ""),
        ("{{ range }}{{ end }}", "column 10: range needs a value", ""),
        ("{{ | upper }}", "column 4: | is not expected, a value is missing", ""),
        ("{{ .Name | 1 }}", "column 12: 1 cannot take the value before the pipe", ""),
        ("{{ .Name(1) }}", "column 9: ( is not expected, a space, a pipe or the end should follow", ""),
        ("{{ 1i }}", "column 4: 1i: not a number, or one that is too large", ""),
        ("{{ 1.5.a }}", "column 4: 1.5 has no fields", ""),
        ("{{ true.a }}", "column 4: true has no fields", ""),
        (
            "{{ default 'abc' .Name }}",
            "column 12: 'abc': more than one character in single quotes",
            'write strings in `backticks` or "double quotes"',
        ),
        ('{{ "a }}', "column 4: a string is not closed by a quote on its line", ""),
        ("{{ `a }}", "column 4: a string is not closed by a backtick", ""),
        ("{{ 'a }}", "column 4: a character is not closed by a quote", ""),
        ("{{ $x : 1 }}", "column 7: a colon is not followed by an equals sign", ""),
        ("{{ .Name) }}", "column 9: a closing parenthesis has no opening one", ""),
        (
            "{{ .Labels.my-label }}",
            "column 14: - cannot be part of a name",
            "read a label with index .Labels and its name in quotes",
        ),
        ("{{ (.Name }}", "column 11: a parenthesis is not closed", ""),
        ("{{ }}", "column 4: a value is missing", ""),
    ],
)
def test_message_at_parse(template: str, message: str, hint: str) -> None:
    """An error says where it is, what is wrong and, if that can be known, what to write instead."""
    with pytest.raises(RuleError) as raised:
        Template.parse(template)
    assert (raised.value.message, raised.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("template", "message", "hint"),
    [
        ("{{ .Foo }}", "column 4: there is no field .Foo", "the fields are .Name, .ContainerName and .Labels"),
        (
            '{{ hasKey .Labels "a" }}',
            "column 4: the type map[string]interface {} is expected, not map[string]string",
            "read a label with index",
        ),
        (
            '{{ "a" | trunc (add 1 2) }}',
            "column 10: the type int is expected, not int64",
            "convert it with int",
        ),
        (
            "{{ upper (len .Name) }}",
            "column 4: the type string is expected, not int",
            "convert it with toString",
        ),
        (
            "{{ upper (add 1 2) }}",
            "column 4: the type string is expected, not int64",
            "convert it with toString",
        ),
        ("{{ upper (list) }}", "column 4: the type string is expected, not []interface {}", ""),
        ("{{ upper 1 }}", "column 4: 1 is given where the type string is expected", ""),
        ("{{ trunc 1.5 .Name }}", "column 4: 1.5 is given where the type int is expected", ""),
        ("{{ trunc `1` .Name }}", "column 4: the type int is expected, not string", ""),
        ("{{ upper }}", "column 4: wrong number of arguments for upper: 1 expected, 0 given", ""),
        ("{{ upper .Name 1 }}", "column 4: wrong number of arguments for upper: 1 expected, 2 given", ""),
        (
            "{{ printf }}",
            "column 4: wrong number of arguments for printf: at least 1 expected, 0 given",
            "",
        ),
        (
            "{{ lower (upper .Foo) }}",
            "column 11: there is no field .Foo",
            "the fields are .Name, .ContainerName and .Labels",
        ),
        ("{{ .Name.Name }}", "column 4: a value of type string has no field .Name", ""),
        ("{{ range list nil }}{{ .Name }}{{ end }}", "column 24: nil has no field .Name", ""),
        ("{{ upper .Labels.nosuch }}", "column 4: there is no value where the type string is expected", ""),
        ('x {{ fail "no tier" }}', "column 6: the template fails: no tier", ""),
        ("{{ range .Name }}{{ end }}", "column 4: range cannot go over a of type string", ""),
    ],
)
def test_message_for_a_container(template: str, message: str, hint: str) -> None:
    """An error for a single container says where it is, too."""
    with pytest.raises(RuleError) as raised:
        Template.parse(template).render(name="a", container_name="a", labels={})
    assert (raised.value.message, raised.value.hint) == (message, hint)


@pytest.mark.parametrize(
    "template", ["{{" + "(" * 9999 + "1" + ")" * 9999 + "}}", "{{if 1}}" * 9999 + "{{end}}" * 9999]
)
def test_deep_nesting(template: str) -> None:
    """A template that is nested beyond all reason is an error, not a crash."""
    with pytest.raises(RuleError, match="nested too deeply"):
        Template.parse(template)
