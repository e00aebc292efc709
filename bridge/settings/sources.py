"""Where settings come from: variables of the environment and of `.env`, and the files that these name."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
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
    """Return what the environment says, by setting (also `etcd_password_file` and the like)."""
    return _ours(os.environ)


def env_file() -> dict[str, str]:
    """Return what `.env` in the working directory says, by setting; UsageError if it cannot be read."""
    try:
        return _ours(dotenv_values(ENV_FILE))
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{ENV_FILE} cannot be read: {_reason(error)}") from error


class SecretFiles(PydanticBaseSettingsSource):
    """The last source: the text of the files that variables such as BRIDGE_ETCD_PASSWORD_FILE name."""

    def __call__(self) -> dict[str, Any]:
        """Return the settings that files hold."""
        given = env_file() | environment()
        paths = {name: given.get(f"{name}_file") for name in self.settings_cls.model_fields}
        return {name: _text(file_variable(name), path) for name, path in paths.items() if path}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Never called: all values are read at once."""
        raise NotImplementedError


def _ours(variables: Mapping[str, str | None]) -> dict[str, str]:
    names = {name.upper(): name for name in variables if name.upper().startswith(PREFIX)}
    return {upper.removeprefix(PREFIX).lower(): variables[name] or "" for upper, name in names.items()}


def _text(variable: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as error:
        raise UsageError(f"{variable} is {path!r}, which cannot be read: {_reason(error)}") from error


def _reason(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
