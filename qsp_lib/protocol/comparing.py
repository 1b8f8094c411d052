"""Where two nested contents of plain values differ: what is on file, and what is computed again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..common import LockError, is_number, parsed_table

RTOL, ATOL = 1e-6, 1e-12
"""As far as two processors may part: powers and factorisations differ between their kernels."""


def differences(
    found: Any, expected: Any, *, rtol: float = RTOL, atol: float = ATOL, path: str = ""
) -> Iterator[str]:
    """Each place where two contents differ, in words; numbers within the tolerance are the same.

    >>> list(differences({"a": [1.0, 2.0]}, {"a": [1.0, 3.0]}))
    ['a/1 is 2.0, expected 3.0']
    """
    where = path or "the content"
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        for key in sorted(found.keys() | expected.keys(), key=str):
            inner = f"{path}/{key}" if path else str(key)
            if key not in found or key not in expected:
                yield f"{inner} is {'missing' if key in expected else 'not expected'}"
            else:
                yield from differences(found[key], expected[key], rtol=rtol, atol=atol, path=inner)
    elif _is_list(found) and _is_list(expected) and len(found) == len(expected):
        for i, (one, other) in enumerate(zip(found, expected, strict=True)):
            inner = f"{path}/{i}" if path else str(i)
            yield from differences(one, other, rtol=rtol, atol=atol, path=inner)
    elif is_number(found) and is_number(expected):
        if not math.isclose(found, expected, rel_tol=rtol, abs_tol=atol):
            yield f"{where} is {found!r}, expected {expected!r}"
    elif type(found) is not type(expected) or found != expected:
        yield f"{where} is {_short(found)}, expected {_short(expected)}"


def require_same(
    path: Path, expected: Mapping[str, Any], *, rtol: float = RTOL, atol: float = ATOL
) -> None:
    """Refuse a file that an interrupted run may have left, unless it is what is computed now.

    Raises:
        LockError: it cannot be read, or holds something else.
    """
    _require_same(path, json.loads, expected, "computed", rtol=rtol, atol=atol)


def require_same_table(path: Path, text: str, *, atol: float = 2e-5) -> None:
    """Refuse a table that an interrupted run may have left, unless it is what is made now.

    Args:
        path: of the table (CSV).
        text: what is made now.
        atol: two units of the last decimal that is kept.

    Raises:
        LockError: it cannot be read, or holds something else.
    """
    _require_same(path, parsed_table, parsed_table(text), "made", rtol=RTOL, atol=atol)


def _require_same(
    path: Path, read: Callable[[str], Any], expected: Any, how: str, *, rtol: float, atol: float
) -> None:
    mend = "If it is not wanted, take the file away and run the command again."
    try:
        found = read(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise LockError(
            f"{path.name} is there, not in the ledger, and cannot be read ({problem}). {mend}"
        ) from None
    parted = list(differences(found, expected, rtol=rtol, atol=atol))
    if parted:
        raise LockError(
            f"{path.name} is there, not in the ledger, and is not what is {how} now: "
            f"{parted[0]} ({len(parted)} differ). {mend}"
        )


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
