"""The flags of a command, generated from the settings that it takes."""

from argparse import SUPPRESS, ArgumentParser, Namespace
from typing import NoReturn

from bridge.errors import UsageError
from bridge.settings.load import flag, nearest
from bridge.settings.model import SECTIONS, Section

PROGRAM = "docker-event-bridge"

_EPILOG = (
    "Every setting is also a variable, BRIDGE_ and its name in capitals (BRIDGE_ROOT_KEY), in the environment or"
    " in the file .env; with _FILE at its end (BRIDGE_ETCD_PASSWORD_FILE) the variable names a file that holds"
    " the value. A flag wins over the environment, this over .env, this over files."
)


class CommandParser(ArgumentParser):
    """Parses the flags of one command; raises UsageError instead of printing its usage."""

    def __init__(self, command: str, description: str, settings: type[Section]) -> None:
        super().__init__(
            f"{PROGRAM} {command}",
            "%(prog)s [--flag value ...]",
            description,
            _EPILOG,
            argument_default=SUPPRESS,
            allow_abbrev=False,
        )
        self._settings = settings
        for section in SECTIONS:
            if issubclass(settings, section):
                self._add_flags(section)

    def _add_flags(self, section: type[Section]) -> None:
        group = self.add_argument_group(section.model_config.get("title"))
        for name, field in section.model_fields.items():
            default = f" (default: {field.default})" if field.default else ""
            text = f"{field.description}{default}".replace("%", "%%")
            group.add_argument(flag(name), dest=name, metavar="VALUE", help=text)

    def read(self, arguments: list[str]) -> Namespace:
        """Parse the arguments; UsageError names an unknown flag's nearest neighbour."""
        given, rest = self.parse_known_args(arguments)
        for argument in rest:
            name = argument.partition("=")[0]
            if name.startswith("-"):
                near = nearest(name, self._option_string_actions)
                raise UsageError(f"{name} is not a flag of {self.prog}; the nearest one is {near}")
            raise UsageError(f"{argument!r} belongs to no flag")
        return given

    def settings(self, given: Namespace) -> dict[str, str]:
        """Return the settings among what was given."""
        return {name: text for name, text in vars(given).items() if name in self._settings.model_fields}

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong."""
        raise UsageError(message.removeprefix("argument "))
