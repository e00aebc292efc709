"""Loads the settings of a command, or says in one line which is invalid, how it was given and what is accepted."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from bridge.errors import UsageError
from bridge.masking import masked_input, shortened
from bridge.settings.model import RunSettings, Section
from bridge.settings.sources import ENV_FILE, env_file, environment, file_variable, secret_files, variable

S = TypeVar("S", bound=Section)


def load(settings: type[S], flags: Mapping[str, str]) -> S:
    """Read the settings of a command from its flags (text by setting), variables and files.

    Raises UsageError with one line, also for a variable that has our prefix but is not a setting.
    """
    _refuse_unknown()
    try:
        return settings(**flags)
    except ValidationError as error:
        raise UsageError(_line(error.errors(include_url=False)[0], flags)) from None


def flag(setting: str) -> str:
    """Return the flag of a setting."""
    return "--" + setting.replace("_", "-")


def near(name: str, names: Iterable[str]) -> str:
    """Return the one of `names` that `name` probably stands for, "" if none is close."""
    return next(iter(difflib.get_close_matches(name, names, n=1)), "")


def _refuse_unknown() -> None:
    known = {f"{name}{ending}" for name in RunSettings.model_fields for ending in ("", "_file")}
    for texts, place in (environment(), ""), (env_file(), f" (in {ENV_FILE})"):
        for name in sorted(texts.keys() - known):
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)[0]
            raise UsageError(f"{variable(name)}{place} is not a setting; the nearest one is {variable(nearest)}")


def _line(error: Mapping[str, Any], flags: Mapping[str, str]) -> str:
    setting: str = error["loc"][0] if error["loc"] else error["ctx"]["error"].setting
    name, text = _given(setting, flags)
    return f"{name} is {shortened(masked_input(setting, text))!r}; {shortened(_accepted(error))}"


def _given(setting: str, flags: Mapping[str, str]) -> tuple[str, str]:
    """Return how a setting was given, and its text there."""
    sources = (
        (flag(setting), lambda: flags),
        (variable(setting), environment),
        (f"{variable(setting)} (in {ENV_FILE})", env_file),
        (file_variable(setting), lambda: secret_files([setting])),
        (f"{variable(setting)} (by default)", lambda: {setting: RunSettings.model_fields[setting].default}),
    )
    found = ((name, texts()) for name, texts in sources)
    return next((name, texts[setting]) for name, texts in found if setting in texts)


def _accepted(error: Mapping[str, Any]) -> str:
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case "literal_error" | "enum":
            return f"accepted: {error['ctx']['expected']}".replace("'", "")
        case "bool_parsing":
            return "accepted: true or false"
    return str(error["msg"])
