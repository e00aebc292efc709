"""An engine of which questions are asked outside the rounds, and that answers when a test wants it to."""

from anyio import CancelScope, Event, fail_after, wait_all_tasks_blocked

from bridge.daemon.backoff import LONGEST_WAIT


class Asked:
    """An engine that answers a question when it is told to, each also about the container's `target`.

    An engine that is `deaf` answers even if nobody waits for it any more.
    """

    def __init__(self, *, deaf: bool = False) -> None:
        self.asked: list[str] = []
        self.ready: list[str] = []
        self._answers: list[tuple[str, Event, list[str | None]]] = []
        self._told = Event()
        self._deaf = deaf

    async def find(self, container_id: str, about: set[str]) -> str | None:
        """Wait for the answer to one question."""
        self.asked.append(container_id)
        about.add(f"target of {container_id}")
        answer = list[str | None]()
        answered = Event()
        self._answers.append((container_id, answered, answer))
        self._told.set()
        with CancelScope(shield=self._deaf):
            await answered.wait()
        return answer[0]

    def answer(self, container_id: str, what: str | None) -> None:
        """Answer the first question about a container that has no answer yet."""
        found = next(it for it in self._answers if it[0] == container_id)
        self._answers.remove(found)
        found[2].append(what)
        found[1].set()

    async def until(self, count: int) -> None:
        """Wait until this many questions were asked."""
        with fail_after(10 * LONGEST_WAIT):
            while len(self.asked) < count:
                self._told = Event()
                await self._told.wait()
        await wait_all_tasks_blocked()
