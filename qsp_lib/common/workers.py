"""Worker processes for sweeps and multi-start fits."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

from .errors import InputError


@contextmanager
def pool(workers: int) -> Iterator[Executor | None]:
    """A process pool of ``workers``, or None for 1: then the work runs in this process.

    Raises:
        InputError: fewer than one worker.
    """
    if workers < 1:
        raise InputError(f"{workers} workers; expected 1 or more.")
    if workers == 1:
        yield None
        return
    with ProcessPoolExecutor(workers) as executor:
        yield executor
