"""Bad inputs by the hundred, the same ones every time, each with a time limit."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from qsp_lib.common.errors import QspError

SECONDS = 10.0

TOKENS = (
    "nan",
    "inf",
    "-inf",
    "-1",
    "0",
    "1e400",
    "-1e-400",
    "1e-320",
    "1e308",
    "9" * 400,
    '""',
    '"x"',
    "''",
    "[]",
    "{}",
    "[[]]",
    "true",
    "false",
    "null",
    "1979-05-27",
    '"\\u0000"',
    '"\\u202e"',
    '"5 parsecs"',
    '"5 mg/kg/kg/kg"',
    "\"__import__('os').system('touch owned')\"",
    "${HOME}",
    '"../../etc/passwd"',
    "{ value = 1 }",
    '{ default = "class" }',
    '{ same_as = "okt3" }',
    "0x1F",
    "1_000",
    '"1e9 mg"',
    '"-5 mg"',
    '"5 mg" "5 mg"',
    "\U0001f600",
    '"' + "a" * 5000 + '"',
    "1e999999999",
    '"NaN"',
    '"inf mg"',
    '"1/0"',
    '"m**m**m"',
)
"""Values that have broken parsers of numbers, units, paths and text."""


class TooSlow(Exception):
    """An example took longer than it may."""


@contextmanager
def time_limit(seconds: float = SECONDS) -> Iterator[None]:
    """A block that is stopped after so long."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlow(f"took more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def refused(call: Callable[[], Any]) -> bool:
    """Whether a call was refused on purpose; anything but that or success is a failure.

    The message of a refusal is one that can be shown to a person.
    """
    try:
        with time_limit():
            call()
    except QspError as problem:
        message = str(problem)
        assert message and message.strip() == message, repr(message)
        assert "Traceback" not in message and "object at 0x" not in message
        return True
    return False


def mutants(text: str, count: int, seed: int) -> Iterator[str]:
    """Variants of a text with one to three things wrong with each."""
    dice = random.Random(seed)
    for _ in range(count):
        lines = text.splitlines()
        for _ in range(dice.choice((1, 1, 1, 2, 3))):
            _hurt(lines, dice)
        yield "\n".join(lines) + "\n"


def _hurt(lines: list[str], dice: random.Random) -> None:
    at = dice.randrange(len(lines)) if lines else 0
    line = lines[at] if lines else ""
    kind = dice.randrange(9)
    if kind == 0:
        lines[at : at + 1] = []
    elif kind == 1:
        lines.insert(at, line)
    elif kind == 2:
        lines[at:] = []
    elif kind == 3 and line:
        cut = dice.randrange(len(line))
        lines[at] = line[:cut] + dice.choice(TOKENS) + line[cut + dice.randrange(4) :]
    elif kind == 4 and "=" in line:
        lines[at] = f"{line.split('=')[0]}= {dice.choice(TOKENS)}"
    elif kind == 5 and line:
        parts = line.replace(",", " , ").split()
        parts[dice.randrange(len(parts))] = dice.choice(TOKENS)
        lines[at] = " ".join(parts)
    elif kind == 6:
        lines.insert(at, dice.choice(TOKENS))
    elif kind == 7:
        other = dice.randrange(len(lines)) if lines else 0
        if lines:
            lines[at], lines[other] = lines[other], lines[at]
    elif line:
        cut = dice.randrange(len(line))
        lines[at] = line[:cut] + chr(dice.choice((0, 7, 27, 34, 39, 92, 0x202E, 0x1F600)))


def spoilt(value: Any, dice: random.Random) -> Any:
    """A copy of nested plain values in which one thing is of another kind, or gone."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        key = dice.choice(sorted(value))
        rest = {name: item for name, item in value.items() if name != key}
        if dice.random() < 0.15:
            return rest
        return {**rest, key: spoilt(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.85:
        at = dice.randrange(len(value))
        if dice.random() < 0.15:
            return value[:at] + value[at + 1 :]
        return [*value[:at], spoilt(value[at], dice), *value[at + 1 :]]
    return dice.choice(
        (None, True, -1, 0, 1e308, -1e308, "", "x", "v9", [], {}, [[1]], {"a": {}}, 10**400, "nan")
    )
