"""What a verification looked at, beside what, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..common import QspError

SAME, DIFFERS, UNTOLD, NOT_NAMED = "same", "DIFFERS", "cannot be told", "not named"
UNFINISHED, LEFT_OUT = "UNFINISHED", "left out"


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes:
        what, against: it, and what it was set beside.
        verdict: ``same``; ``DIFFERS``; ``UNFINISHED``, a command that was interrupted; ``cannot be
            told``; ``not named`` by the record; ``left out`` of this verification.
        detail: a number of things, or what differs and what to do.
    """

    what: str
    against: str
    verdict: str
    detail: str = ""

    @property
    def wrong(self) -> bool:
        """Whether something has to be mended."""
        return self.verdict in (DIFFERS, UNFINISHED)


def compared(what: str, against: str, look: Callable[[], str]) -> Finding:
    """A finding of a function that says what it looked at, or raises what is wrong with it."""
    try:
        return Finding(what, against, SAME, look())
    except QspError as problem:
        return Finding(what, against, DIFFERS, str(problem))


def parted(what: str, against: str, differences: Iterator[str], same: str = "") -> Finding:
    """A finding of the places in which two contents differ."""
    found = list(differences)
    if not found:
        return Finding(what, against, SAME, same)
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return Finding(what, against, DIFFERS, f"{found[0]}{more}")
