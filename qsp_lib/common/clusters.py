"""Workers of a dask cluster, as an executor that does not wait for ever.

dask itself gives a task that was on a lost worker to another one. What it does not do is to give
up: without any worker, tasks wait until one comes. Here a cluster that has had no worker for a
while, or whose scheduler is gone, ends every task with a sentence that says so.

A task travels as bytes, which its worker reads. The scheduler needs nothing of this package, and a
worker that lacks it says so; dask's own way of sending would end that worker.
"""

from __future__ import annotations

import logging
import pickle
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
from functools import partial
from types import ModuleType
from typing import Any

from . import late
from .blindfold import call_blindfolded, opening_is_forbidden
from .errors import InputError

ANSWER_S = 10.0
"""How long (s) a scheduler has to answer, and then to have a worker."""
PATIENCE_S = 30.0
"""How long (s) a cluster may be without workers before its work is given up."""
CLUSTER_CHUNK = 1000
"""Inputs a task on a cluster, whose scheduler hands out some hundred tasks a second."""
AHEAD_A_THREAD, LEAST_AHEAD = 3, 8
"""Tasks that a cluster wants in hand: so many a thread of its workers, and no fewer than these."""
_LOOK_EVERY_S = 0.5


class ClusterError(BrokenExecutor):
    """A cluster that cannot do its work; the message is a sentence for a person."""


class _Call:
    """A call that is made where its bytes are read."""

    def __init__(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._call = fn, args

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._call


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
    distributed = _library()
    with _quiet():
        client = _connected(distributed, address, answer_s)
        try:
            executor = _Watched(client, address, patience_s)
            try:
                yield executor
            finally:
                executor.shutdown(wait=False)
        finally:
            with suppress(Exception):  # of one that is gone there is nothing to take leave of
                client.close(timeout=2)


def _library() -> ModuleType:
    try:
        return late.distributed
    except ImportError as problem:
        raise InputError(
            f"Work on a cluster needs {problem.name}, which is not installed; install it here and "
            "where the workers are: pip install 'qsp-crs[scale]', or, in a checkout, "
            "pip install -r requirements-cluster.txt -c constraints.txt."
        ) from problem


def _connected(distributed: ModuleType, address: str, answer_s: float) -> Any:
    start = "Start one with `dask scheduler`, which prints its address"
    try:
        distributed.comm.get_address_host_port(address, strict=True)
    except (ValueError, OSError) as problem:
        raise InputError(
            f"{address!r} is no address of a dask scheduler ({problem}); expected one such as "
            f"tcp://host:8786. {start}."
        ) from problem
    secured = distributed.Security().get_connection_args("client")
    if address.startswith("tls:") and secured["ssl_context"] is None:
        raise InputError(
            f"{address!r} asks for TLS, and dask has no certificates here; set its distributed.comm"
            ".tls.ca-file, .client.cert and .client.key, in its configuration or by environment "
            "variables (docs.dask.org, How to, TLS)."
        )
    try:
        client = distributed.Client(address, timeout=answer_s, set_as_default=False)
    except (OSError, TimeoutError) as problem:
        raise InputError(
            f"No dask scheduler answered at {address!r} within {answer_s:g} s. {start}, or look "
            "whether this machine can reach it."
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
    logs = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
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
        self._threads = sum(client.nthreads().values())
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand a call to a worker; its result comes as a future.

        Raises:
            ClusterError: the cluster is lost.
            RuntimeError: it has been shut down.
        """
        if opening_is_forbidden():  # what is forbidden here is forbidden to whom it is given
            fn, args = call_blindfolded, (fn, *args)
        data = pickle.dumps(_Call(partial(fn, **kwargs) if kwargs else fn, args))
        outer: Future[Any] = Future()
        with self._mutex:
            if self._lost:
                raise ClusterError(self._lost)
            try:
                inner = self._inner.submit(pickle.loads, data)
            except Exception:
                if self._client.status == "running":
                    raise
                self._lost = self._gone()
                raise ClusterError(self._lost) from None
            self._open.add(outer)
        inner.add_done_callback(lambda done: self._pass_on(done, outer))
        outer.add_done_callback(lambda done: done.cancelled() and inner.cancel())
        return outer

    @property
    def ahead(self) -> int:
        """Tasks to have in hand: each carries its function, so no more than keep workers busy."""
        return max(LEAST_AHEAD, AHEAD_A_THREAD * self._threads)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work; without ``wait``, end what is being done."""
        self._over.set()
        with suppress(Exception):  # the cluster may be gone
            self._inner.shutdown(wait=wait and not cancel_futures)

    def _pass_on(self, inner: Future[Any], outer: Future[Any]) -> None:
        """Give a task's outcome to its sender, unless the sender has been told another."""
        with self._mutex, suppress(InvalidStateError):
            self._open.discard(outer)
            if outer.cancelled():
                return  # by its sender, who needs no answer
            if inner.cancelled() or isinstance(inner.exception(), CancelledError):
                # nobody here has cancelled it: dask does, of every task, when its scheduler goes
                self._lost = self._lost or self._gone()
                outer.set_exception(ClusterError(self._lost))
            elif (problem := inner.exception()) is None:
                outer.set_result(inner.result())
            elif _could_not_be_read(problem):
                told = ClusterError(
                    f"A worker of the cluster at {self._address} cannot load what it was sent "
                    f"({problem}). Install there what is installed here: this package, in the "
                    "same version, and what your function imports."
                )
                told.__cause__ = problem
                outer.set_exception(told)
            else:
                outer.set_exception(problem)

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
                found = self._client.nthreads(callback_timeout=self._patience_s)
                self._threads = sum(found.values())
                if found:
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
                    outer.set_exception(ClusterError(self._lost))
            self._open.clear()

    def _gone(self) -> str:
        return (
            f"The dask scheduler at {self._address} no longer answers. Start it and its workers "
            "again."
        )


def _could_not_be_read(problem: BaseException) -> bool:
    """Whether a worker lacks what its task is made of: a module, or a name of one."""
    return isinstance(problem, ImportError) or (
        isinstance(problem, AttributeError) and str(problem).startswith("Can't get attribute")
    )
