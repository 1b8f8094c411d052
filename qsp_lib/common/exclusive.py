"""One process at a time: what two runs in one checkout must not do together.

A folder is locked by a file elsewhere: under ``_build/locks`` of the checkout, or in the user's
cache where there is no checkout or it cannot be written to. Nothing is added to the folder itself,
and the operating system drops the lock of a process that dies. Who only reads takes no lock: files
are replaced whole (:mod:`qsp_lib.common.files`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from .caches import cache_folders, first_writable
from .errors import InputError

WAIT_S = 900.0
"""How long (s) one process waits for another by default: longer than any of them takes."""


@contextmanager
def only_one(folder: Path, timeout_s: float = WAIT_S) -> Iterator[None]:
    """A block that one thread of one process at a time runs for a folder; the others wait.

    Who is in the block can enter it again for the same folder.

    Args:
        folder: an existing folder.
        timeout_s: how long (s) to wait for another process; 0 only tries.

    Raises:
        InputError: There is no such folder, another process still has it after that time, or
            there is nowhere to keep the lock.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; make it first.")
    lock = _lock_of(folder)
    note = Path(f"{lock.lock_file}.by")
    again = lock.is_locked
    try:
        lock.acquire(timeout=max(timeout_s, 0.0))
    except Timeout:
        raise InputError(
            f"Another process works in {folder}{_told(note)} and has not ended within "
            f"{timeout_s:g} s. Wait for it or end it, then try again."
        ) from None
    try:
        if not again:
            _tell(note)
        yield
    finally:
        if not again:
            note.unlink(missing_ok=True)
        lock.release()


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
        lock = _lock_of(own)
        lock.acquire(timeout=0)
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
        _forget(lock)


def _remove_abandoned(parent: Path) -> None:
    for path in parent.iterdir():
        lock = _lock_of(path)
        if lock.is_locked:  # by this very thread
            continue
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=0)
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            _forget(lock)


def _forget(lock: FileLock) -> None:
    """Let go of a lock that nobody will ask for again, and of its file."""
    lock.release()
    with contextlib.suppress(OSError):  # on Windows it goes with the lock
        os.unlink(lock.lock_file)


def _lock_of(folder: Path) -> FileLock:
    """The lock of a folder, however its path is written; the same object as long as one lives."""
    place = os.path.normcase(folder.resolve())
    name = f"{folder.name}-{hashlib.sha256(place.encode()).hexdigest()[:16]}.lock"
    return FileLock(_home() / name, is_singleton=True)


def _home() -> Path:
    """The folder of the lock files."""
    places = cache_folders("locks")
    if home := first_writable(places):
        return home
    raise InputError(
        f"Neither {' nor '.join(map(str, places))} can be written to, and locks have to be kept "
        "somewhere; set XDG_CACHE_HOME to a folder that can."
    )


def _tell(note: Path) -> None:
    """Write beside a lock who has it, for those who wait in vain; not to be relied on."""
    command = " ".join([Path(sys.argv[0]).name or "python", *sys.argv[1:]])[:80]
    with contextlib.suppress(OSError):
        note.write_text(f"process {os.getpid()}, {command}, since {time.strftime('%H:%M:%S')}")


def _told(note: Path) -> str:
    try:
        return f" ({note.read_text()})"
    except OSError:
        return ""
