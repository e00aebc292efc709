"""Reading the event stream, in chunks that end anywhere and with lines of any length."""

import json
import time
from collections.abc import Sequence
from io import BytesIO

import pytest
import requests

from bridge.engine.rest import LINES_AT_ONCE, LONGEST_LINE, messages


def answer(text: bytes) -> requests.Response:
    """Return an answer with this body."""
    response = requests.Response()
    response.raw = BytesIO(text)
    return response


@pytest.mark.parametrize("size", [1, 65_533, 65_534, 65_535, 65_536, 200_000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_each_line_is_a_message(size: int, end: bytes) -> None:
    """Each line is one message, wherever chunks end, and so is the text after the last line end."""
    sent: Sequence[object] = ["x" * size, {"a": 1}, "y" * size, 2]
    assert list(messages(answer(end.join(json.dumps(it).encode() for it in sent)))) == sent


def test_endless_line_is_given_up() -> None:
    """A line that never ends is given up before it fills the memory."""
    with pytest.raises(ValueError, match="a line without an end"):
        list(messages(answer(b"x" * (LONGEST_LINE + LINES_AT_ONCE))))


def test_long_line_takes_linear_time() -> None:
    """A line takes time in proportion to its length, since other events wait for it."""
    text = json.dumps("x" * 40_000_000).encode()
    began = time.process_time()
    assert len(list(messages(answer(text)))) == 1
    assert time.process_time() - began < 3
