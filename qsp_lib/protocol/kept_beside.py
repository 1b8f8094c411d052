"""What is kept beside a development: JSON that says its own hash, and may be added to."""

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


def finished_part(path: Path, about: Mapping[str, Any], make: str) -> Mapping[str, Any]:
    """What a run that was stopped has kept; nothing if it has kept nothing.

    Args:
        path: of the file.
        about: what the run is, as it stands in the file.
        make: the command that begins anew.

    Raises:
        LockError: the file was edited, or is of another run.
    """
    if not path.exists():
        return MappingProxyType({})
    kept = read_beside(path, make)
    if other := [name for name, value in about.items() if kept.get(name) != value]:
        raise LockError(f"{path.name} was made with another {other[0]!r}; '{make}' begins anew.")
    return kept
