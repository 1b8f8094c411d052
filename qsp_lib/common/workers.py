"""Worker processes: how each is started, kept for the next piece of work, and ended.

Every process is started afresh (``spawn``), on every system: a copy of a process that has threads
can hang, and holds on to the files and locks of the one it was copied from. Loading the libraries
and compiling the equations takes a new process some two seconds, so the workers that have finished
one piece of work are kept for a while for the next.

A worker ends as soon as the process that started it does, however that came about: it watches a
pipe that nothing but that process holds open.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any

from .blindfold import call_blindfolded, opening_is_forbidden
from .environment import MOST_WORKERS
from .errors import InputError

CONTEXT = get_context("spawn")
"""How processes are started everywhere."""
KEPT_S = 120.0
"""How long (s) workers that have nothing to do are kept."""


@contextmanager
def pool(workers: int) -> Iterator[Executor | None]:
    """Worker processes for one piece of work, or None for 1: then the work runs in this process.

    They are kept for the next piece. Where the work is left by an exception, they are ended at
    once, whatever they are doing. ``QSP_MOST_WORKERS`` may allow fewer than are asked for.

    Args:
        workers: how many there may be; each is started when there is a task for it.

    Raises:
        InputError: fewer than one worker, or ``QSP_MOST_WORKERS`` is no number of workers.
    """
    _check(workers)
    if workers == 1 or _most() == 1:
        yield None
        return
    crew = _KEPT.take(workers) or Crew(workers)
    with crew.ended_by_trouble():
        yield crew
        crew.finish()
    _KEPT.keep(crew)


@contextmanager
def fresh_pool(workers: int) -> Iterator[Crew]:
    """Worker processes that nobody has used and nobody will, even for 1.

    Raises:
        InputError: fewer than one worker.
    """
    _check(workers)
    crew = Crew(workers)
    with crew.ended_by_trouble():
        yield crew
        crew.shutdown()


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def is_worker() -> bool:
    """Whether this process was started by another as one of its workers."""
    return parent_process() is not None


def _check(workers: int) -> None:
    if workers < 1:
        raise InputError(f"{workers} workers; expected 1 or more.")


def _most() -> int | None:
    """How many workers a piece of work may have here; None for as many as it asks for."""
    given = os.environ.get(MOST_WORKERS, "")
    if given and not (given.isascii() and given.isdigit() and int(given)):
        raise InputError(
            f"{MOST_WORKERS} is {given!r}; expected a number of processes, or nothing."
        )
    return int(given) if given else None


class Crew(ProcessPoolExecutor):
    """A pool of processes that can be ended at once, and that ends with this process.

    Attributes:
        workers: how many were asked for.
        processes: how many there may be.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.processes = min(workers, _most() or workers)
        self._watched, self._held = CONTEXT.Pipe(duplex=False)
        self._unfinished: set[Future[Any]] = set()
        super().__init__(self.processes, CONTEXT, initializer=_begin, initargs=(self._watched,))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand a call to a process; its result comes as a future."""
        if opening_is_forbidden():  # what is forbidden here is forbidden to whom it is given
            fn, args = call_blindfolded, (fn, *args)
        future = super().submit(fn, *args, **kwargs)
        self._unfinished.add(future)
        future.add_done_callback(self._unfinished.discard)
        return future

    def each(self, fn: Callable[..., Any], /, *args: Any) -> None:
        """Have a task done once by each process, if it takes longer than starting one does."""
        for task in [self.submit(fn, *args) for _ in range(self.processes)]:
            task.result()

    def finish(self) -> None:
        """Wait until every task is done."""
        wait(tuple(self._unfinished))

    def works(self) -> bool:
        """Whether it takes tasks: not after a worker has died, or a shutdown."""
        try:
            self.submit(int)
        except RuntimeError:  # a broken pool's error is one, too
            return False
        return True

    def end(self) -> None:
        """End its processes, whatever they are doing."""
        self._held.close()
        self.shutdown(cancel_futures=True)
        self._watched.close()

    @contextmanager
    def ended_by_trouble(self) -> Iterator[None]:
        """A block whose failure, or whose being stopped, ends every process at once."""
        try:
            yield
        except BaseException:
            self.end()
            raise


class _Kept:
    """Crews without work, each until somebody takes it or its time is over."""

    def __init__(self) -> None:
        self._idle: list[tuple[Crew, threading.Timer]] = []
        self._one_at_a_time = threading.Lock()

    def keep(self, crew: Crew) -> None:
        timer = threading.Timer(KEPT_S, self._retire, [crew])
        timer.daemon = True
        with self._one_at_a_time:
            self._idle.append((crew, timer))
        timer.start()

    def take(self, workers: int) -> Crew | None:
        """A crew of that size that works; None if there is none."""
        while (crew := self._remove(lambda crew: crew.workers == workers)) is not None:
            if crew.works():
                return crew
            crew.end()
        return None

    def _retire(self, crew: Crew) -> None:
        if self._remove(lambda other: other is crew) is not None:
            crew.end()

    def _remove(self, wanted: Callable[[Crew], bool]) -> Crew | None:
        with self._one_at_a_time:
            for entry in self._idle:
                if wanted(entry[0]):
                    self._idle.remove(entry)
                    entry[1].cancel()
                    return entry[0]
        return None


_KEPT = _Kept()


def _forget_kept() -> None:
    """In a copy of this process, which some library may make: the workers are not the copy's."""
    global _KEPT
    _KEPT = _Kept()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_kept)


def _begin(watched: Connection) -> None:
    """What a worker does first: leave an interrupt to the process that started it, and watch that.

    A terminal sends the interrupt to all of them at once; which work goes on is for one to say.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(watched,), daemon=True).start()


def _end_with(watched: Connection) -> None:
    parent = parent_process()
    connection.wait([watched] if parent is None else [watched, parent.sentinel])
    os._exit(1)
