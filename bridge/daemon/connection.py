"""Whether Docker or etcd is reachable: logged when it changes, and reported as health."""

from msgspec import Struct

from bridge.logs import get_logger

log = get_logger()


class Connection(Struct):
    """The state of one side of the bridge; `name` is what the log calls it, `falls` how often it was lost."""

    name: str
    state: str = "not connected yet"
    up: bool = False
    falls: int = 0

    def stand(self) -> None:
        """Note that it is up."""
        if not self.up:
            log.info("connected", to=self.name)
            self.up, self.state = True, "connected"

    def fall(self, reason: Exception) -> None:
        """Note that it is down; only the first reason is logged, since retries fail in the same way."""
        if self.up or self.state == "not connected yet":
            log.warning("waiting", on=self.name, reason=str(reason))
        if self.up:
            self.falls += 1
        self.up, self.state = False, str(reason)
