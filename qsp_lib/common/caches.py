"""Folders for what can always be made again: in the checkout, else among the user's caches."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
"""The checkout that this package is part of, if it is part of one."""


def cache_folders(name: str) -> list[Path]:
    """Where a folder of this name may be kept, best first: of the checkout, then of the user."""
    places = [_users() / "qsp-crs" / name]
    if (CHECKOUT / "pyproject.toml").is_file():
        places.insert(0, CHECKOUT / "_build" / name)
    return places


def first_writable(places: list[Path]) -> Path | None:
    """The first of these folders that can be written to, made if it is not there."""
    for place in places:
        with contextlib.suppress(OSError):
            place.mkdir(parents=True, exist_ok=True)
            if os.access(place, os.W_OK):
                return place
    return None


def _users() -> Path:
    """The folder of a user's caches."""
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given)
    if local := os.environ.get("LOCALAPPDATA"):  # Windows
        return Path(local)
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
