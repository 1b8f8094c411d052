"""Writing a file so that it is either the old one or the new one, never half of each.

The text goes to a temporary file in the same folder, is flushed to the disk, and takes the
name of the target in one step: ``os.replace``, or ``os.link`` where nothing may be replaced, so
that of two processes that write a record only once, one does.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from .errors import InputError


def write_bytes_atomic(path: str | os.PathLike[str], data: bytes, *, replace: bool = True) -> Path:
    """Write `data` to `path`, all of it or nothing; return the path.

    Args:
        path: of the file.
        data: its bytes.
        replace: whether a file of that name may be replaced.

    Raises:
        FileExistsError: There is something of that name, and it may not be replaced.
        InputError: If the folder does not exist or cannot be written to, or the target is a folder.
            The file that was there before, if any, is left as it was.
    """
    target = Path(path)
    folder = target.parent
    if not folder.is_dir():
        raise InputError(
            f"Cannot write {target}: the folder {folder} does not exist; make it first, "
            "or name a folder that exists."
        )
    if replace and target.is_dir():
        raise InputError(f"Cannot write {target}: it is a folder; name a file inside it.")
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{target.name}.", suffix=".tmp")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, _mode_for(target))
        if replace:
            os.replace(temporary, target)
        else:
            os.link(temporary, target)
        _settle(folder)
    except FileExistsError:
        raise
    except OSError as problem:
        reason = problem.strerror or str(problem)
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        mend = "free some space and try again" if full else "name a folder you can write to"
        raise InputError(
            f"Cannot write {target}: the folder {folder} refused the file ({reason}); {mend}. What "
            "was there before is as it was."
        ) from problem
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
    return target


def write_text_atomic(path: str | os.PathLike[str], text: str, *, replace: bool = True) -> Path:
    """Write `text` to `path` as UTF-8 with ``\\n`` line ends; otherwise as `write_bytes_atomic`."""
    return write_bytes_atomic(path, text.encode("utf-8"), replace=replace)


def _settle(folder: Path) -> None:
    """Have the folder's new entry on the disk too, where a system can be asked for that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _mode_for(target: Path) -> int:
    """The permissions the file has now, or those any new file of this user would get."""
    try:
        return target.stat().st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
