"""The flags of a command, generated from its settings."""

import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from bridge.errors import UsageError
from bridge.settings.load import flag, near
from bridge.settings.model import SECTIONS, HealthSettings, PlanSettings, RunSettings, Section, StateSettings

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

PROGRAM = "docker-event-bridge"
SETTINGS: Mapping[str, type[Section]] = {
    "run": RunSettings,
    "plan": PlanSettings,
    "health": HealthSettings,
    "purge": StateSettings,
}
"""The settings of each command."""

FLAGS: Mapping[str, tuple[str, ...]] = {"plan": ("--from", "--output", "--strict"), "purge": ("--yes", "--force")}
"""The flags of a command that are not settings."""

_EPILOG = (
    "Every setting can also be given as a variable, BRIDGE_ and its name in capitals (BRIDGE_ROOT_KEY), in the"
    " environment or in the file .env; with the suffix _FILE (BRIDGE_ETCD_PASSWORD_FILE) the variable names a file"
    " that holds the value. Flags take precedence over the environment, then .env, then files."
)


class CommandParser(ArgumentParser):
    """Parses the flags of one command; raises UsageError instead of printing the usage."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(
            f"{PROGRAM} {command}",
            "%(prog)s [--flag value ...]",
            description,
            _EPILOG,
            argument_default=SUPPRESS,
            allow_abbrev=False,
        )
        self._command = command
        for section in SECTIONS:
            if issubclass(SETTINGS[command], section):
                self._add_flags(section)

    def _add_flags(self, section: type[Section]) -> None:
        group = self.add_argument_group(section.model_config.get("title"))
        for name, field in section.model_fields.items():
            default = f" (default: {field.default})" if field.default else ""
            text = f"{field.description}{default}".replace("%", "%%")
            group.add_argument(flag(name), dest=name, metavar="VALUE", help=text)

    def read(self, arguments: list[str]) -> Namespace:
        """Parse the arguments; raise UsageError for an unknown one, with the nearest flag if one is close."""
        for name, equals, _ in (argument.partition("=") for argument in arguments):
            if equals and name in self._option_string_actions and self._option_string_actions[name].nargs == 0:
                raise UsageError(f"{name} takes no value")
        given, rest = self.parse_known_args(arguments)
        for argument in rest:
            name = argument.partition("=")[0]
            if name.strip("-") and name.startswith("-"):
                raise UsageError(self._unknown(name))
            raise UsageError(f"{argument!r} does not belong to a flag")
        return given

    def _unknown(self, name: str) -> str:
        if takers := [command for command in SETTINGS if name in _flags(command)]:
            return f"{name} is a flag of {' and '.join(takers)}, not of {self._command}"
        known = [option.removeprefix("--") for option in self._option_string_actions if option.startswith("--")]
        nearest = near(name.lstrip("-"), known)
        hint = f"the nearest one is --{nearest}" if nearest else "--help lists them"
        return f"{name} is not a flag of {self.prog}; {hint}"

    def settings(self, given: Namespace) -> dict[str, str]:
        """Return the settings among the given flags."""
        return {name: text for name, text in vars(given).items() if name in SETTINGS[self._command].model_fields}

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of printing the usage."""
        raise UsageError(message.removeprefix("argument "))

    def print_help(self, file: "SupportsWrite[str] | None" = None) -> None:
        """Print the help; raise errors of the output, which argparse would ignore."""
        (file or sys.stdout).write(self.format_help())
        sys.stdout.flush()


def _flags(command: str) -> set[str]:
    return {flag(name) for name in SETTINGS[command].model_fields} | {*FLAGS.get(command, ())}
