"""Whether Docker or etcd is there: told in the log when it changes, and to whoever asks for health."""

from msgspec import Struct

from bridge.logs import get_logger

log = get_logger()


class Connection(Struct):
    """One side of the bridge, as it stands; `name` is how the log calls it, `falls` how often it was lost."""

    name: str
    state: str = "not connected yet"
    up: bool = False
    falls: int = 0

    def stand(self) -> None:
        """Note that it stands."""
        if not self.up:
            log.info("connected", to=self.name)
            self.up, self.state = True, "connected"

    def fall(self, reason: Exception) -> None:
        """Note that it does not (any more); only the first reason is logged, since retries fail alike."""
        if self.up or self.state == "not connected yet":
            log.warning("waiting", on=self.name, reason=str(reason))
        if self.up:
            self.falls += 1
        self.up, self.state = False, str(reason)
