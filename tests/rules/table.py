"""Read a table of cases: a template or an expression on a line, and below it the result in Traefik.

A result is a JSON string, or the word error; a template or expression with a newline, or with white space at
an end, is a JSON string too. Lines that begin with "# " are headings.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

NAME = "shop-web"
CONTAINER_NAME = "shop_web_1"
LABELS: Mapping[str, str] = {
    "tier": "web",
    "host": "a.b.example.com",
    "hosts": "a.com, b.com",
    "path": "api/v1",
    "a": "b",
    "empty": "",
    "multi": "x\ny",
    "unicode": "éàüß",
    "quote": "\"`'",
    "traefik.domain": "shop.example.com",
    "com.docker.compose.service": "web",
    "com.docker.compose.project": "shop",
}
_ARROW = "    => "


def read(name: str) -> list[object]:
    """Return the cases of a table as pytest parameters: the text, and the result or None for an error."""
    cases: list[object] = []
    lines = iter((Path(__file__).parent / name).read_text("utf-8").splitlines())
    for line in lines:
        if line and not line.startswith("# "):
            text = json.loads(line) if line.startswith('"') else line
            recorded = next(lines).removeprefix(_ARROW)
            result = None if recorded == "error" else json.loads(recorded)
            cases.append(pytest.param(text, result, id=line))
    return cases
