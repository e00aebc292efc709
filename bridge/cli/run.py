"""`run`: runs the daemon until it is stopped."""

from bridge.cli.command import CommandParser
from bridge.settings import RunSettings, load


def main(arguments: list[str]) -> int:
    """Run the daemon; return 0 if a signal stopped it. Raises FailedError for a fatal error."""
    parser = CommandParser(
        "run",
        "Keep the routes of this host's containers in etcd, until stopped by SIGTERM or SIGINT. Waits for Docker"
        " and etcd; exits with code 1 on an error that waiting cannot fix.",
    )
    settings = load(RunSettings, parser.settings(parser.read(arguments)))
    from bridge.cli.daemon import serve  # noqa: PLC0415 - the clients of Docker and etcd take long to import

    serve(settings)
    return 0
