"""What the modules of the book that are run as programs share."""

from __future__ import annotations

import sys
from collections.abc import Callable

from ..errors import QspError


def told(action: Callable[[], str]) -> int:
    """Do something and print what it says; 1, with the reason on stderr, if it was refused."""
    try:
        print(action())
    except QspError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    return 0
