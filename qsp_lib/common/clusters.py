"""Workers of a dask cluster, as an executor that does not wait for ever.

dask itself gives a task that was on a lost worker to another one. What it does not do is to give
up: without any worker, tasks wait until one comes. Here a cluster that has had no worker for a
while, or whose scheduler is gone, ends every task with a sentence that says so.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    InvalidStateError,
)
from contextlib import contextmanager, suppress
from typing import Any

from . import late
from .errors import InputError

ANSWER_S = 10.0
"""How long (s) a scheduler has to answer, and then to have a worker."""
PATIENCE_S = 30.0
"""How long (s) a cluster may be without workers before its work is given up."""
_LOOK_EVERY_S = 0.5


class ClusterLostError(BrokenExecutor):
    """A cluster that no longer works; its message is a sentence for a person."""


@contextmanager
def cluster(
    address: str, *, answer_s: float = ANSWER_S, patience_s: float = PATIENCE_S
) -> Iterator[Executor]:
    """The workers of a dask cluster, until the end of the block.

    Args:
        address: of its scheduler, such as ``tcp://host:8786``.
        answer_s: how long (s) the scheduler has to answer, and then to have a worker.
        patience_s: how long (s) it may be without workers before its work is given up.

    Raises:
        InputError: dask's ``distributed`` is not installed; the scheduler does not answer; it has
            no workers.
    """
    client = _connected(address, answer_s)
    try:
        with _quiet():
            executor = _Watched(client, address, patience_s)
            try:
                yield executor
            finally:
                executor.shutdown(wait=False)
    finally:
        with suppress(Exception):  # of a scheduler that is gone there is nothing to take leave of
            client.close(timeout=2)


def _connected(address: str, answer_s: float) -> Any:
    try:
        distributed = late.distributed
    except ImportError as problem:
        raise InputError(
            f"Work on a cluster needs dask's {problem.name}, which is not installed; install it "
            "here and where the workers are: pip install 'qsp-crs[scale]', or, in a checkout, "
            "pip install -r requirements-cluster.txt -c constraints.txt."
        ) from problem
    start = "Start one with `dask scheduler`, which prints its address"
    try:
        with _quiet():
            client = distributed.Client(address, timeout=answer_s, set_as_default=False)
    except (OSError, TimeoutError) as problem:
        raise InputError(
            f"No dask scheduler answered at {address!r} within {answer_s:g} s. {start}, or look "
            "whether this machine can reach it."
        ) from problem
    except (ValueError, TypeError) as problem:
        raise InputError(
            f"{address!r} is no address of a dask scheduler ({problem}); expected one such as "
            f"tcp://host:8786. {start}."
        ) from problem
    try:
        client.wait_for_workers(1, timeout=answer_s)
    except TimeoutError as problem:
        client.close(timeout=2)
        raise InputError(
            f"The dask scheduler at {address} has had no workers for {answer_s:g} s; expected 1 or "
            f"more. Start some with `dask worker {address} --nthreads 1`."
        ) from problem
    return client


@contextmanager
def _quiet() -> Iterator[None]:
    """A block in which dask's log is silent: what matters is raised, in words."""
    log = logging.getLogger("distributed")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(level)


class _Watched(Executor):
    """An executor on a client, whose tasks end when the cluster does."""

    def __init__(self, client: Any, address: str, patience_s: float) -> None:
        self._client, self._address, self._patience_s = client, address, patience_s
        # each task is another one: a failure that dask remembers is not handed out again
        self._inner: Executor = client.get_executor(pure=False)
        self._open: set[Future[Any]] = set()
        self._mutex = threading.RLock()
        self._lost = ""
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand a call to a worker; its result comes as a future.

        Raises:
            ClusterLostError: the cluster is lost.
            RuntimeError: it has been shut down.
        """
        outer: Future[Any] = Future()
        with self._mutex:
            if self._lost:
                raise ClusterLostError(self._lost)
            try:
                inner = self._inner.submit(fn, *args, **kwargs)
            except RuntimeError:
                if self._client.status == "running":
                    raise
                self._lost = self._gone()
                raise ClusterLostError(self._lost) from None
            self._open.add(outer)
        inner.add_done_callback(lambda done: self._pass_on(done, outer))
        outer.add_done_callback(lambda done: done.cancelled() and inner.cancel())
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work; without ``wait``, end what is being done."""
        self._over.set()
        with suppress(Exception):  # the cluster may be gone
            self._inner.shutdown(wait=wait and not cancel_futures)

    def _pass_on(self, inner: Future[Any], outer: Future[Any]) -> None:
        """Give a task's outcome to its sender, unless the sender has been told another."""
        with self._mutex, suppress(InvalidStateError):
            self._open.discard(outer)
            if inner.cancelled() or isinstance(inner.exception(), CancelledError):
                # nobody here has cancelled it: dask does, of every task, when its scheduler goes
                self._lost = self._lost or self._gone()
                outer.set_exception(ClusterLostError(self._lost))
            elif (problem := inner.exception()) is not None:
                outer.set_exception(problem)
            else:
                outer.set_result(inner.result())

    def _watch(self) -> None:
        """Look at the workers now and then, and end everything when there are none any more."""
        since = time.monotonic()
        while not self._over.wait(_LOOK_EVERY_S):
            why = (
                f"The cluster at {self._address} has had no workers for {self._patience_s:g} s: "
                "they have died or been taken away (out of memory, their time on the machine "
                "over). Start workers again."
            )
            try:
                if self._client.nthreads(callback_timeout=self._patience_s):
                    since = time.monotonic()
                    continue
            except Exception:  # whatever it is called, it is no answer
                why = self._gone()
            if time.monotonic() - since > self._patience_s:
                self._give_up(why)
                return

    def _give_up(self, why: str) -> None:
        with self._mutex:
            self._lost = self._lost or why
            for outer in tuple(self._open):
                with suppress(InvalidStateError):  # it has just been cancelled
                    outer.set_exception(ClusterLostError(self._lost))
            self._open.clear()

    def _gone(self) -> str:
        return (
            f"The dask scheduler at {self._address} no longer answers. Start it and its workers "
            "again."
        )
