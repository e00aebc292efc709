"""`python -m compose.quickstart up|down`."""

import argparse
import sys

from compose.quickstart import stack
from tests.lab.shell import PartUnavailableError, say
from tests.lab.wait import DeadlineError


def main() -> int:
    """Run a command and return the exit code; a failure outside of this program is reported in one line."""
    parser = argparse.ArgumentParser(prog="python -m compose.quickstart")
    command = parser.add_argument("command", choices=["up", "down"])
    try:
        {"up": stack.up, "down": stack.down}[getattr(parser.parse_args(), command.dest)]()
    except (PartUnavailableError, DeadlineError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Interrupted. `make down` removes what was created so far.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
