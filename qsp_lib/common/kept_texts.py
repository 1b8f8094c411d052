"""Texts that take long to work out, kept from one process to the next.

Each is kept under a hash of all that it follows from, so that it is found again only where making
it would give the same; it is never part of a result, and may be deleted at any time. A file that
cannot be read, or whose text is not the one that was written, counts as missing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from .caches import cache_folders, first_writable
from .errors import InputError
from .files import write_text_atomic

FOLDER = "texts"


def kept_text(follows_from: Sequence[str], make: Callable[[], str]) -> str:
    """A text, read if it is kept and made if it is not.

    Args:
        follows_from: all that the text depends on, such as what it is, the digest of the code that
            makes it, and versions of what that uses.
        make: gives the text.
    """
    folder = first_writable(cache_folders(FOLDER))
    if folder is None:
        return make()
    path = folder / f"{_sha256(json.dumps(list(follows_from)))}.json"
    found = _read(path)
    if found is None:
        found = make()
        with contextlib.suppress(InputError):  # a full disk: it is made again the next time
            write_text_atomic(path, json.dumps({"sha256": _sha256(found), "text": found}))
    return found


def _read(path: Path) -> str | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        text = content["text"]
        return text if content["sha256"] == _sha256(text) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
