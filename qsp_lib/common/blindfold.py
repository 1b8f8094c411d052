"""A block of code in which no held-back table can be read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from .errors import SealError

T = TypeVar("T")


class _Guard:
    """How many `forbid_opening` blocks this process is inside of, over all its threads."""

    def __init__(self) -> None:
        self.depth = 0
        self.mutex = threading.Lock()


_guard = _Guard()


@contextmanager
def forbid_opening() -> Iterator[None]:
    """A block (or, as a decorator, a function) in which no held-back table can be read.

    It holds for the whole process, all threads included, for what it gives this package's workers
    to do (:mod:`.workers`), and before and after a table was opened.
    """
    with _guard.mutex:
        _guard.depth += 1
    try:
        yield
    finally:
        with _guard.mutex:
            _guard.depth -= 1


def opening_is_forbidden() -> bool:
    """Whether this process is inside of such a block."""
    return _guard.depth > 0


def call_blindfolded(function: Callable[..., T], /, *args: object, **kwargs: object) -> T:
    """What a function gives inside of such a block."""
    with forbid_opening():
        return function(*args, **kwargs)


def refuse_if_forbidden(name: str) -> None:
    """Refuse to open a table inside :func:`forbid_opening`.

    Raises:
        SealError: this process is inside such a block.
    """
    if opening_is_forbidden():
        raise SealError(
            f"Held-back table {name!r} was asked for by calibration, development or locking; "
            "expected them to run without it, before and after it is opened."
        )
