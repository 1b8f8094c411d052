"""How long processes were kept from running, so that a time limit can be one of their own time."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


class Queue:
    """What some processes spend runnable but without a processor, counted from now on.

    A busy machine makes them wait; whatever they sleep, wait for or compute is their own doing.
    Only Linux keeps count: elsewhere it is 0, and a limit is one by the clock.
    """

    def __init__(self, pids: Iterable[int]) -> None:
        self.pids = tuple(pids)
        self.latest: dict[tuple[int, int], float] = {}
        self.before = dict(self._look())

    def _look(self) -> dict[tuple[int, int], float]:
        """Seconds by process and thread; of those that have ended, what they last had."""
        for pid in self.pids:
            for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with suppress(OSError, IndexError, ValueError):  # it has ended meanwhile
                    waited = int(thread.read_text().split()[1]) / 1e9
                    self.latest[pid, int(thread.parent.name)] = waited
        return self.latest

    @property
    def seconds(self) -> float:
        """All of it together; a thread that came later has queued since it came."""
        return sum(waited - self.before.get(one, 0.0) for one, waited in self._look().items())
