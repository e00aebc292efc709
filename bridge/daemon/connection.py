"""Whether Docker or etcd is there: told in the log when it changes, and to whoever asks for health."""

from dataclasses import dataclass, field

import anyio

from bridge.logs import get_logger

log = get_logger()


@dataclass(slots=True)
class Connection:
    """One side of the bridge, as it stands; `name` is how the log calls it, `falls` how often it was lost."""

    name: str
    state: str = "not connected yet"
    falls: int = 0
    _stands: anyio.Event = field(default_factory=anyio.Event)

    @property
    def up(self) -> bool:
        """Whether it stands."""
        return self._stands.is_set()

    def stand(self) -> None:
        """Note that it stands."""
        if not self.up:
            log.info("connected", to=self.name)
            self.state = "connected"
            self._stands.set()

    def fall(self, reason: Exception) -> None:
        """Note that it does not (any more); only the first reason is logged, since retries fail alike."""
        if self.up or self.state == "not connected yet":
            log.warning("waiting", on=self.name, reason=str(reason))
        if self.up:
            self.falls += 1
            self._stands = anyio.Event()
        self.state = str(reason)

    async def standing(self) -> None:
        """Wait until it stands."""
        await self._stands.wait()
