"""One process at a time: what two runs in one checkout must not do together.

A folder itself is locked (``flock``), so nothing is left behind, and a process that dies lets go.
Where a file system or a platform has no such lock, the block runs without one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import InputError

try:
    import fcntl
except ImportError:  # a platform without it
    fcntl = None  # type: ignore[assignment]


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """A block that one process at a time runs for a folder; the others wait.

    Args:
        folder: an existing folder.

    Raises:
        InputError: There is no such folder.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        raise InputError(f"there is no folder {folder}; make it first.") from None
    try:
        _lock(handle, wait=True)
        yield
    finally:
        os.close(handle)


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A folder of this run's own, gone at the end; those that dead runs left are removed.

    Args:
        parent: where to make it; made if need be.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with only_one(parent):
        _remove_abandoned(parent)
        own = Path(tempfile.mkdtemp(prefix="run-", dir=parent))
        handle = os.open(own, os.O_RDONLY)
        _lock(handle, wait=False)
    try:
        yield own
    finally:
        os.close(handle)
        shutil.rmtree(own, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.iterdir():
        with contextlib.suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                free = _lock(handle, wait=False)
            finally:
                os.close(handle)
            if free and folder.is_dir():
                shutil.rmtree(folder, ignore_errors=True)
            elif free:
                folder.unlink()


def _lock(handle: int, *, wait: bool) -> bool:
    """Whether the lock is held now; False if another process has it, or there are no locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
