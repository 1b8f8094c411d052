"""Times on the command line, ``6h`` or ``-1 d``, and the minus sign that looks like an option."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .. import evidence
from ..common import InputError

TAKE_TIMES = (
    "--tocilizumab",
    "--dexamethasone",
    "--horizon",
    "--at",
    "--missed",
    "--gaps",
    "--limit",
    "--share",
)
"""Options whose value may begin with a minus sign, so that it can be read, or refused in words."""
_BELOW_ZERO = re.compile(r"-\s*[.\d].*|-(inf|nan).*", re.IGNORECASE | re.DOTALL)


def join_times(arguments: Sequence[str]) -> list[str]:
    """``--tocilizumab -24h`` as one word, so that the time is not taken for an option.

    >>> join_times(["predict", "a.toml", "--tocilizumab", "-2.4e1", "--json"])
    ['predict', 'a.toml', '--tocilizumab=-2.4e1', '--json']
    """
    given: list[str] = []
    for argument in arguments:
        if given and given[-1] in TAKE_TIMES and _BELOW_ZERO.fullmatch(argument):
            given[-1] += f"={argument}"
        else:
            given.append(argument)
    return given


def hours(name: str, text: str | None, *, plain: bool = True) -> float | None:
    """A time in hours from text such as ``6h`` or ``-1 d``; a ``plain`` number is hours.

    Raises:
        InputError: no time, or a number without a unit where it would be taken for days.
    """
    if text is None:
        return None
    if not plain and _is_number(text):
        raise InputError(
            f"{name} {text!r} was given without a unit; expected one, such as {text}d or {text}h."
        )
    try:
        return float(text) if _is_number(text) else evidence.parse(text, "h")
    except InputError as problem:
        raise InputError(f"{name}: {problem}") from None


def several_hours(
    name: str, texts: Sequence[str] | None, *, plain: bool = True
) -> tuple[float, ...]:
    """The times of an option that was given any number of times; otherwise as :func:`hours`."""
    found = (hours(name, text, plain=plain) for text in texts or ())
    return tuple(time for time in found if time is not None)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
