"""What is kept beside a development: JSON that says what it is the hash of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..common import LockError, write_text_atomic
from .lock import signed
from .record import digest_of


def keep_beside(path: Path, content: Mapping[str, Any]) -> Path:
    """Write content with its own digest; return the path.

    Args:
        path: of the file; its folder is made if need be.
        content: plain JSON values.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_text_atomic(path, signed(content))


def refuse_kept(path: Path, again: bool) -> None:
    """Refuse to make what is kept already.

    Raises:
        LockError: the file is there, and was not asked for anew.
    """
    if path.exists() and not again:
        raise LockError(f"{path.name} is there already; --again makes it anew.")


def read_beside(path: Path, make: str) -> Mapping[str, Any]:
    """The content of such a file, read-only.

    Args:
        path: of the file.
        make: the command that makes it.

    Raises:
        LockError: the file is missing, cannot be read, or was edited.
    """
    again = f"restore it, or make it with '{make}'"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        stated, found = content["digest"], digest_of(content)
    except FileNotFoundError:
        raise LockError(f"{path.name} is missing; {again}.") from None
    except (KeyError, TypeError, ValueError) as problem:  # text and JSON errors are ValueErrors
        raise LockError(f"{path.name} cannot be read ({problem!r}); {again}.") from None
    if stated != found:
        raise LockError(
            f"{path.name} was edited: its content gives hash {found[:12]}, it says "
            f"{str(stated)[:12]}; {again}."
        )
    return MappingProxyType(content)
