"""Sweeps: one function over many inputs, in chunks, on as many processes as there are.

The function gets a chunk of inputs and gives one small row of results an input, so
what a sweep keeps does not grow with what it simulates. Rows are put together in the
order of the inputs: with a function that treats each input by itself, as the default
engine does, the result is the same to the bit on any number of workers and with any
chunks, on threads, processes or a cluster. Only so many chunks are handed out at a time:
what waits takes no memory. Randomness belongs in the inputs: give every input its own Sobol point
(:func:`.rejection_sampling.sobol`) or its own spawned seed (:func:`spawned_seeds`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..common import (
    QUIET,
    RESULTS_DIR,
    ClusterError,
    Crew,
    InputError,
    QspError,
    cores,
    late,
    pool,
)
from .checkpoint import Checkpoint, identify
from .parcels import OtherPackageError, Parcel

Array = NDArray[np.float64]
Function = Callable[[Array], Array]

CHUNK = 100
"""Inputs a task."""
AHEAD = 1000
"""Tasks that are handed out at a time, where the executor does not say how many it wants."""


class SweepError(QspError):
    """A sweep that could not be finished; what was finished is in its checkpoint, if it has one."""


def sweep(
    function: Function,
    inputs: ArrayLike,
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    chunk: int = CHUNK,
    progress: bool | None = None,
    label: str = "",
    checkpoint: str | Path | None = None,
    lock: str = "",
) -> Array:
    """Apply a function to every row of the inputs, in chunks.

    Args:
        function: takes a chunk ``(m, ...)`` and gives ``(m,)`` or ``(m, k)`` numbers, row i
            from input i alone; defined in a module, so that other processes can import it. One
            that is defined in a notebook's cell runs in this process.
        inputs: ``(N, ...)``, one row an input.
        executor: any ``concurrent.futures.Executor``, for example that of
            :func:`qsp_lib.common.cluster` or ``dask.distributed.Client(...).get_executor()``; it
            is left open. A process of it that has another version of this package, of its science
            or of what that computes with, refuses the work.
        workers: without an executor, how many processes of this machine; default one a core;
            1 runs everything in this process. A script that asks for more starts its work below
            ``if __name__ == "__main__":``, because each process loads the script.
        chunk: inputs a task.
        progress: a bar or none; by default one in a terminal and in a live notebook, and none
            where output is kept (see :func:`shows_progress`).
        label: what the bar says.
        checkpoint: a folder for finished rows. A sweep that was stopped is resumed by the same
            call, and two processes may work on it at once; a folder of another sweep is refused.
        lock: digest of the lock record that the results rest on; part of the checkpoint.

    Returns:
        ``(N,)`` or ``(N, k)``, in the order of the inputs.

    Raises:
        InputError: no inputs, a chunk or a number of workers below 1, workers beside an
            executor that has another number, a function that gives another number of rows than it
            was given or that no other process can import, or a checkpoint of another sweep.
        SweepError: a worker died, the cluster is lost, a worker has another version of this
            package, the executor has been shut down, or the function failed; finished rows are
            in the checkpoint.
    """
    rows = np.asarray(inputs, dtype=float)
    if rows.ndim == 0 or len(rows) == 0:
        raise InputError("A sweep was given no inputs; expected an array of 1 row or more.")
    if chunk < 1:
        raise InputError(f"A sweep was given chunks of {chunk}; expected 1 or more.")
    if executor is not None and workers not in (None, _workers_of(executor)):
        raise InputError(
            f"A sweep was given {workers} workers and an executor, which has its own; expected one "
            "of the two."
        )
    if workers is not None and workers < 1:
        raise InputError(f"A sweep was given {workers} workers; expected 1 or more.")
    if executor is None and not _can_be_imported(function):
        if workers is not None and workers > 1:
            raise InputError(
                f"A sweep on {workers} workers was given {function!r}, which is defined where "
                "other processes cannot import it; put it into a module, or ask for 1 worker."
            )
        workers = 1
    keeper = (
        Checkpoint.open(checkpoint, identify(function, rows, lock))
        if checkpoint is not None
        else None
    )
    state = _State(len(rows), keeper)
    with _bar(len(rows), state.finished_rows, label, progress) as advance:
        state.advance = advance
        todo = list(_chunks(state.missing(), chunk))
        if not todo:
            return state.assembled()
        if executor is not None:
            _run_on(executor, function, rows, todo, state)
        elif (count := workers or cores()) == 1 or len(todo) == 1:
            _run_here(function, rows, todo, state)
        else:
            with pool(count) as own:
                if own is None:
                    _run_here(function, rows, todo, state)
                else:
                    _run_on(own, function, rows, todo, state)
    return state.assembled()


def part_of(options: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Options for one of several sweeps of a call: the checkpoint is a folder in the call's own.

    Args:
        options: of :func:`sweep`.
        name: of the sub-folder.
    """
    folder = options.get("checkpoint")
    own = {} if folder is None else {"checkpoint": Path(folder) / name}
    return dict(options) | own


def spawned_seeds(seed: int, n: int) -> Array:
    """One seed an input, ``(n, 1)``; seed i depends on ``seed`` and i alone.

    They are whole numbers below 2**32, which a float holds exactly, so they can be a column
    of a sweep's inputs; ``np.random.default_rng(int(value))`` takes them.

    Raises:
        InputError: fewer than one.
    """
    if n < 1:
        raise InputError(f"{n} seeds; expected 1 or more.")
    children = np.random.SeedSequence(seed).spawn(n)
    return np.array([[float(child.generate_state(1)[0])] for child in children])


def shows_progress() -> bool:
    """Whether a progress bar is wanted: in a terminal or a live notebook, nowhere else.

    A chapter that is being run for the book writes its results (``QSP_RESULTS_DIR`` is set),
    and its outputs are kept: no bar there, and none where ``TQDM_DISABLE`` is set.
    """
    if os.environ.get(RESULTS_DIR) or os.environ.get(QUIET, "0") not in ("", "0"):
        return False
    shell = late.IPython.get_ipython() if "IPython" in sys.modules else None
    if shell is not None and type(shell).__name__ == "ZMQInteractiveShell":
        return True
    return sys.stderr.isatty()


class _State:
    """The finished rows of a running sweep."""

    def __init__(self, total: int, keeper: Checkpoint | None) -> None:
        self.total = total
        self.keeper = keeper
        self.advance: Callable[[int], Any] = lambda _: None
        self.parts: dict[tuple[int, int], Array] = {}
        if keeper is not None:
            self.parts = {(start, stop): part for start, stop, part in keeper.finished()}

    @property
    def finished_rows(self) -> int:
        return sum(stop - start for start, stop in self.parts)

    def missing(self) -> Iterator[tuple[int, int]]:
        """The gaps between the finished segments."""
        at = 0
        for start, stop in [*sorted(self.parts), (self.total, self.total)]:
            if at < start:
                yield at, start
            at = stop

    def add(self, span: tuple[int, int], result: Any) -> None:
        start, stop = span
        part = np.array(result, dtype=float)  # a copy: results of other processes can be read-only
        if part.ndim not in (1, 2) or len(part) != stop - start:
            raise InputError(
                f"The function gave an array of shape {part.shape} for {stop - start} inputs; "
                f"expected ({stop - start},) or ({stop - start}, k): one row an input."
            )
        if self.keeper is not None:
            self.keeper.add(start, stop, part)
        self.parts[span] = part
        self.advance(stop - start)

    def assembled(self) -> Array:
        shapes = {part.shape[1:] for part in self.parts.values()}
        if len(shapes) != 1:
            raise InputError(
                f"The function gave rows of different lengths {sorted(shapes)}; expected one."
            )
        return np.concatenate([self.parts[span] for span in sorted(self.parts)])

    def kept(self) -> str:
        """What has become of the finished rows, in words."""
        done = f"{self.finished_rows} of {self.total} rows are finished"
        if self.keeper is None:
            return f"{done}, and lost: pass checkpoint= to keep them."
        return f"{done} and kept in {self.keeper.folder}: the same call goes on from there."


def _chunks(spans: Iterator[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    for first, last in spans:
        for start in range(first, last, size):
            yield start, min(start + size, last)


def _workers_of(executor: Executor) -> int | None:
    """How many workers a pool of this package has; of another's, that is its own affair."""
    return executor.workers if isinstance(executor, Crew) else None


def _can_be_imported(function: Any) -> bool:
    """Whether another process can find a function by its name: not where it was typed in."""
    while isinstance(function, partial):
        function = function.func
    owner = function if isinstance(function, FunctionType) else type(function)
    file = getattr(sys.modules["__main__"], "__file__", None)
    return owner.__module__ != "__main__" or (file is not None and Path(file).is_file())


def _apply(function: Function, part: Array) -> Array:
    """One task, in whatever process: what arrives from another is copied, contiguous float64."""
    return function(np.array(part, dtype=float, order="C"))


def _run_here(function: Function, rows: Array, todo: list[tuple[int, int]], state: _State) -> None:
    for start, stop in todo:
        try:
            result = _apply(function, rows[start:stop])
        except Exception as problem:
            raise SweepError(f"{_told(problem, (start, stop))} {state.kept()}") from problem
        state.add((start, stop), result)


def _run_on(
    executor: Executor,
    function: Function,
    rows: Array,
    todo: list[tuple[int, int]],
    state: _State,
) -> None:
    # a crew was started from this very package; what others were started from, they have to say
    sent = function if isinstance(executor, Crew) else Parcel(function)
    spans: dict[Future[Array], tuple[int, int]] = {}
    done: SimpleQueue[Future[Array]] = SimpleQueue()
    waiting = iter(todo)
    try:
        while True:
            wanted = max(1, getattr(executor, "ahead", AHEAD))
            for start, stop in islice(waiting, max(0, wanted - len(spans))):
                try:
                    future = executor.submit(_apply, sent, rows[start:stop])
                except RuntimeError as problem:
                    _stop(spans, state)
                    told = (
                        _told(problem, (start, stop))
                        if isinstance(problem, BrokenExecutor)
                        else f"The executor takes no more work ({problem}): it has been shut down. "
                        "Pass an open one, or none for a pool of this machine's own."
                    )
                    raise SweepError(f"{told} {state.kept()}") from problem
                spans[future] = start, stop
                future.add_done_callback(done.put)
            if not spans:
                return
            future = done.get()
            try:
                result = future.result()
            except (Exception, CancelledError) as problem:
                span = spans[future]
                _stop(spans, state)
                raise SweepError(f"{_told(problem, span)} {state.kept()}") from problem
            state.add(spans.pop(future), result)
    except BaseException:  # an interrupt, too, leaves what is finished in the checkpoint
        _stop(spans, state)
        raise


def _stop(spans: dict[Future[Array], tuple[int, int]], state: _State) -> None:
    """Begin nothing more, and keep what has been finished meanwhile."""
    while spans:
        future, span = spans.popitem()
        if not future.cancel() and future.done() and future.exception() is None:
            state.add(span, future.result())


def _told(problem: BaseException, span: tuple[int, int]) -> str:
    """What went wrong while these rows were being worked on, in words."""
    where = f"rows {span[0]} to {span[1] - 1}"
    if isinstance(problem, ClusterError | OtherPackageError):
        return str(problem)
    if isinstance(problem, BrokenExecutor):
        return (
            f"A worker process died while {where} or others were being worked on (killed, out of "
            "memory, or not able to import the function; a script starts its work below "
            "`if __name__ == '__main__':`)."
        )
    if isinstance(problem, CancelledError):
        return f"The work on {where} was cancelled; the executor may have been closed."
    return f"The work on {where} failed: {type(problem).__name__}: {problem}."


@contextmanager
def _bar(total: int, done: int, label: str, wanted: bool | None) -> Iterator[Callable[[int], Any]]:
    """A progress bar, or nothing; gives what to call with each number of finished rows."""
    if not (shows_progress() if wanted is None else wanted):
        yield lambda _: None
        return
    with late.tqdm.tqdm(
        total=total, initial=done, desc=label or None, unit="row", leave=False, disable=False
    ) as bar:
        yield bar.update
