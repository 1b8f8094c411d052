"""All known answers together, and the committed record of them that the book shows.

``python -m benchmarks.known_answers`` asks them all and renews the record.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any

from qsp_lib.common import InputError, canonical_json, plain, write_text_atomic
from qsp_lib.model import ATOL, RTOL

from .answer import KnownAnswer, Scale
from .exposure import exposure
from .forms import forms
from .inference import inference
from .invariants import invariants
from .published import published
from .solvers import RTOLS, convergence, solvers

RECORD = Path(__file__).with_name("record.json")
SCHEMA = 1
CHECKS: Mapping[str, Callable[[], Iterator[KnownAnswer]]] = {
    "exposure": exposure,
    "forms": forms,
    "invariants": invariants,
    "solvers": solvers,
    "inference": inference,
    "published": published,
}
"""What is asked, by group, in the order in which the book shows it."""


@dataclass(frozen=True)
class KnownAnswers:
    """Known answers by group, and errors against tolerance by solver.

    Attributes:
        answers: every answer, by group.
        settings: default tolerances of a simulation (``rtol``, ``atol``).
        rtols: relative tolerances at which errors were followed.
        convergence: largest relative error at each of them, by solver and problem.
    """

    answers: Mapping[str, tuple[KnownAnswer, ...]]
    settings: Mapping[str, float]
    rtols: tuple[float, ...]
    convergence: Mapping[str, tuple[float, ...]]

    def __post_init__(self) -> None:
        names = [answer.name for answer in self]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise InputError(f"two known answers are called {twice[0]!r}; give each its own name.")

    def __iter__(self) -> Iterator[KnownAnswer]:
        return (answer for group in self.answers.values() for answer in group)

    def as_text(self) -> str:
        """The record as JSON."""
        content = {
            "schema": SCHEMA,
            "settings": dict(self.settings),
            "rtols": list(self.rtols),
            "convergence": {name: list(errors) for name, errors in self.convergence.items()},
            "answers": {
                group: [_as_plain(answer) for answer in answers]
                for group, answers in self.answers.items()
            },
        }
        return canonical_json(plain(content, "known_answers"))


def ask_all() -> KnownAnswers:
    """Ask every known answer; about five seconds."""
    return KnownAnswers(
        {group: tuple(check()) for group, check in CHECKS.items()},
        {"rtol": RTOL, "atol": ATOL},
        RTOLS,
        convergence(),
    )


def read_record(path: Path = RECORD) -> KnownAnswers:
    """The committed record.

    Raises:
        InputError: no such file, or not a record of this schema.
    """
    renew = "renew it: python -m benchmarks.known_answers."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            raise ValueError(f"schema {content['schema']!r}, expected {SCHEMA}")
        answers = {
            group: tuple(
                KnownAnswer(**answer | {"scale": Scale[answer["scale"]]})
                for answer in content["answers"][group]
            )
            for group in CHECKS
        }
        return KnownAnswers(
            answers,
            dict(content["settings"]),
            tuple(content["rtols"]),
            {name: tuple(errors) for name, errors in content["convergence"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise InputError(
            f"{path} is not a record of known answers ({problem!r}); {renew}"
        ) from None


def write_record(record: KnownAnswers, path: Path = RECORD) -> Path:
    """Write a record to ``path``."""
    return write_text_atomic(path, record.as_text())


def _as_plain(answer: KnownAnswer) -> dict[str, Any]:
    values = {field.name: getattr(answer, field.name) for field in fields(answer)}
    return {key: v.name if isinstance(v, Enum) else v for key, v in values.items()}
