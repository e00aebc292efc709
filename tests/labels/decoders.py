"""Ask Traefik's own decoders, through the small Go program in `oracle` that imports them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.labels.fields import Release
from tests.lab.oracle import Oracle


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a decoder: what it decoded, as nested dictionaries, or its error."""

    error: str
    decoded: dict[str, Any]


class Decoders(Oracle):
    """The decoders of Traefik 2.11.54 and 3.7.13."""

    def labels(self, labels: Mapping[str, str], release: Release) -> Answer:
        """Decode labels as the Docker provider does, before it builds anything from them."""
        return self._ask(f"labels {release}", labels)

    def options(self, labels: Mapping[str, str], release: Release) -> Answer:
        """Decode `traefik.enable` and `traefik.docker.*` as the Docker provider does."""
        return self._ask(f"options {release}", labels)

    def keys(self, keys: Mapping[str, str], release: Release) -> Answer:
        """Decode keys as the KV providers do; the root key is `traefik`."""
        return self._ask(f"keys {release}", keys)

    def refusals(self, batch: Sequence[Mapping[str, str]], release: Release) -> list[str]:
        """Decode each of many sets of keys as `keys` does; return their errors, "" where there is none."""
        errors: list[str] = self.ask({"decoder": f"keys {release}", "batch": list(map(dict, batch))})["errors"]
        return errors

    def _ask(self, decoder: str, given: Mapping[str, str]) -> Answer:
        answer = self.ask({"decoder": decoder, "input": dict(given)})
        return Answer(answer["error"], answer["decoded"] or {})
