"""Values of each type: which ones Go's parsers accept, and how they are spelled in a key."""

import pytest

from bridge.labels.values import normalise, seconds

LARGEST = 2**63 - 1


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_true(text: str) -> None:
    """What Go's strconv.ParseBool takes for true is written as `true`."""
    assert normalise("bool", text) == "true"


@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_false(text: str) -> None:
    """What Go's strconv.ParseBool takes for false is written as `false`."""
    assert normalise("bool", text) == "false"


@pytest.mark.parametrize("text", ["", "yes", "tRUE", " true", "\uff11"])
def test_invalid_boolean(text: str) -> None:
    """Nothing else is a boolean, not even an empty value."""
    assert normalise("bool", text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("+7", "7"),
        ("007", "7"),
        (str(LARGEST), str(LARGEST)),
        (str(-(2**63)), str(-(2**63))),
    ],
)
def test_int(text: str, expected: str) -> None:
    """Numbers are what Go's strconv.ParseInt accepts with base 10 and 64 bits, written in their plain form."""
    assert normalise("int", text) == expected


@pytest.mark.parametrize(
    "text", ["", "+", "1_000", "0x10", " 1", "1.0", "--1", "\u0661", str(2**63), str(-(2**63) - 1), "9" * 10_000]
)
def test_invalid_int(text: str) -> None:
    """Numbers have no base prefix, underscore, space or digits of another script, and do not overflow."""
    assert normalise("int", text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("16", "16"), ("4294967295", "4294967295"), ("4294967296", None), ("+1", None), ("-1", None)],
)
def test_uint32(text: str, expected: str | None) -> None:
    """Unsigned numbers are what Go's strconv.ParseUint accepts with 32 bits."""
    assert normalise("uint32", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("0", "0"), ("+8", "8"), ("65535", "65535"), ("65536", None), ("-1", None), ("x", None)]
)
def test_connections(text: str, expected: str | None) -> None:
    """Numbers of connections are limited to 65535; see `test_numbers_that_stop_traefiks_updates` for why."""
    assert normalise("connections", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", "0"), ("+8", "8"), ("-1", "-1"), ("1073741824", "1073741824"), ("1073741825", None), ("x", None)],
)
def test_bounded_numbers(text: str, expected: str | None) -> None:
    """Numbers by which Traefik allocates or multiplies are limited: see `test_sizes_that_crash_traefik`."""
    assert normalise("bounded", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("10", "10s", id="a number is seconds"),
        pytest.param("-10", "-10s", id="negative"),
        pytest.param("+010", "10s", id="plain form"),
        pytest.param("9223372036", "9223372036s", id="the most seconds"),
        pytest.param("9223372037", "9223372037", id="overflows: taken only without a unit"),
        pytest.param("1h1m1.5s", "1h1m1.5s", id="as given"),
        pytest.param("-.5\u00b5s", "-.5\u00b5s", id="micro sign"),
        pytest.param("1.\u03bcs", "1.\u03bcs", id="Greek letter mu"),
        pytest.param("1us", "1us", id="letter u"),
        pytest.param("0" * 30 + "1s", "0" * 30 + "1s", id="zeros before it"),
        pytest.param("+0", "0s", id="zero"),
        pytest.param("9223372036854775807ns", "9223372036854775807ns", id="longest"),
        pytest.param("-9223372036854775808ns", "-9223372036854775808ns", id="most negative"),
    ],
)
def test_duration(text: str, expected: str) -> None:
    """Durations are written as given; a bare number means seconds and gets the unit."""
    assert normalise("duration", text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "s",
        ".s",
        "1d",
        "1 s",
        "1s ",
        "1S",
        "1.5",
        "1..5s",
        "1s.",
        "9223372036854775808ns",
        "2562048h",
        "9" * 20 + "s",
        "1hh",
    ],
)
def test_invalid_duration(text: str) -> None:
    """Nothing else is a duration: what Go's time.ParseDuration refuses is refused, overflows included."""
    assert normalise("duration", text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1h1.5s", 3601.5), ("-.25s", -0.25), ("1.000000000000000000009s", 1), ("+0", 0), ("0", 0)],
)
def test_duration_with_fraction(text: str, expected: float) -> None:
    """A duration may have a fraction, of which nothing below a nanosecond counts."""
    assert seconds(text) == expected


def test_long_duration() -> None:
    """A duration may have many parts, as in Traefik, but not so many that reading it takes long."""
    assert normalise("duration", "1h" * 500) == "1h" * 500
    assert normalise("duration", "1h" * 500 + "1") is None
    assert seconds("1h" * 500) == 500 * 3600
    assert seconds("0h" * 100_000) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "a"),
        (" a , b ", "a,b"),
        (",", ","),
        ("", ""),
        ("\t", " "),
        ("\x1ca", "\x1ca"),
        ("\u2003a\u3000", "a"),
        ("\u200aa\u200b", "a\u200b"),
    ],
)
def test_list(text: str, expected: str) -> None:
    """The items of a list are trimmed of what Go takes for space; a list of one empty item differs from none."""
    assert normalise("list", text) == expected


@pytest.mark.parametrize("kind", ["string", "list", "raw"])
def test_lone_surrogate_is_no_text(kind: str) -> None:
    """Half a surrogate pair cannot be written to etcd."""
    assert normalise(kind, "a\udfff") is None


def test_text_is_unchanged() -> None:
    """Text is not trimmed or changed in any way."""
    assert normalise("string", " Host(`a`)\n\0\U0001f600") == " Host(`a`)\n\0\U0001f600"
