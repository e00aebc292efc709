"""Names as Traefik's Docker provider normalizes them for routers, services and host names."""

import unicodedata
from itertools import groupby


def normalize(text: str) -> str:
    """Return the runs of Unicode letters and numbers of a text, joined with hyphens.

    Source of the rule: Normalize of Traefik's providers (letters are the categories L*, numbers N*).
    """
    runs = groupby(text, key=lambda character: unicodedata.category(character)[0] in "LN")
    return "-".join("".join(run) for kept, run in runs if kept)
