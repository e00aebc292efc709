"""The sources of settings: variables in the environment and in `.env`, and the files that they name."""

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from dotenv.parser import Binding, parse_stream
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from bridge.errors import UsageError

PREFIX = "BRIDGE_"
ENV_FILE = ".env"


def variable(setting: str) -> str:
    """Return the variable that holds a setting."""
    return PREFIX + setting.upper()


def file_variable(setting: str) -> str:
    """Return the variable that names a file that holds a setting."""
    return f"{variable(setting)}_FILE"


def environment() -> dict[str, str]:
    """Return the variables of the environment, by setting (also `etcd_password_file` and the like)."""
    return _ours(os.environ)


def env_file() -> dict[str, str]:
    """Return the variables of `.env` in the working directory, by setting; UsageError if it cannot be read."""
    try:
        with Path(ENV_FILE).open(encoding="utf-8") as lines:
            return _ours(_assigned(parse_stream(lines)))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{ENV_FILE} cannot be read: {_reason(error)}") from error


def secret_files(settings: Collection[str]) -> dict[str, str]:
    """Return those settings that are in files, named by variables such as BRIDGE_ETCD_PASSWORD_FILE."""
    given = env_file() | environment()
    paths = {name: given.get(f"{name}_file") for name in settings}
    return {name: _text(file_variable(name), path) for name, path in paths.items() if path}


class Source(PydanticBaseSettingsSource):
    """A source whose values are all read at once."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Never called: all values are read at once."""
        raise NotImplementedError


class EnvFile(Source):
    """The values in `.env`, taken literally: `$` is not expanded."""

    def __call__(self) -> dict[str, Any]:
        """Return the settings in the file; a command passes over those that it does not take."""
        return {**env_file()}


class SecretFiles(Source):
    """The last source: the contents of files that variables such as BRIDGE_ETCD_PASSWORD_FILE name."""

    def __call__(self) -> dict[str, Any]:
        """Return the settings that are in files and in no earlier source."""
        return secret_files([name for name in self.settings_cls.model_fields if name not in self.current_state])


def _assigned(bindings: Iterable[Binding]) -> dict[str, str]:
    """Return the variables of `.env`; names without a value are skipped, or refused if they have our prefix."""
    found = {}
    for binding in bindings:
        name, text = binding.key or "", binding.value
        if binding.error or (text is None and name.upper().startswith(PREFIX)):
            raise UsageError(f"{ENV_FILE}: line {_line(binding)} cannot be read; accepted: NAME=value")
        if text is not None:
            found[name] = text
    return found


def _line(binding: Binding) -> int:
    """Return the line on which a binding begins, after any blank lines before it."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _ours(variables: Mapping[str, str]) -> dict[str, str]:
    names = {name.upper(): name for name in variables if name.upper().startswith(PREFIX)}
    return {upper.removeprefix(PREFIX).lower(): variables[name] for upper, name in names.items()}


def _text(variable: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").removesuffix("\n")
    except (OSError, ValueError) as error:
        raise UsageError(f"{variable} is {path!r}, which cannot be read: {_reason(error)}") from error


def _reason(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
