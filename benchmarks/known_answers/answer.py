"""One known answer beside what the machinery gave."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from qsp_lib.common import InputError


class Scale(Enum):
    """What an error is divided by."""

    RELATIVE = "of the value itself"
    LARGEST = "of the largest value"
    ABSOLUTE = "in the unit of the value"


@dataclass(frozen=True)
class KnownAnswer:
    """A known answer, ours, and how far apart they may be.

    Attributes:
        name: a short name, by which its test is found.
        what: what is asked, and of which part of the machinery.
        exact: the known answer; of many numbers, the one that is shown.
        ours: what the machinery gave for it.
        unit: of both.
        error: the largest error of all numbers compared, not only of the one shown.
        tolerance: how large that error may be.
        scale: what the error is divided by.
        source: where the known answer comes from.

    Raises:
        InputError: a number that is not finite, a negative error or tolerance, or no name.
    """

    name: str
    what: str
    exact: float
    ours: float
    unit: str
    error: float
    tolerance: float
    scale: Scale
    source: str

    def __post_init__(self) -> None:
        numbers = (self.exact, self.ours, self.error, self.tolerance)
        if not all(map(math.isfinite, numbers)) or min(self.error, self.tolerance) < 0:
            raise InputError(
                f"{self.name or 'a known answer'} has the numbers {numbers}; expected finite ones, "
                "and an error and a tolerance of 0 or more."
            )
        if not (self.name and self.what and self.source):
            raise InputError(
                f"a known answer is called {self.name!r}, asks {self.what!r} and comes from "
                f"{self.source!r}; expected words for all three."
            )

    @property
    def holds(self) -> bool:
        """Whether the error is within the tolerance."""
        return self.error <= self.tolerance

    @classmethod
    def of(
        cls,
        name: str,
        what: str,
        exact: ArrayLike,
        ours: ArrayLike,
        tolerance: float,
        source: str,
        *,
        unit: str = "",
        scale: Scale = Scale.RELATIVE,
        shown: int = -1,
    ) -> KnownAnswer:
        """Compare a number, or every one of several of the same shape, and show one of them.

        Raises:
            InputError: shapes that differ, an error relative to 0, or as for the class.
        """
        known, given = np.atleast_1d(exact).astype(float), np.atleast_1d(ours).astype(float)
        if known.shape != given.shape:
            raise InputError(f"{name}: {given.shape} numbers for {known.shape} known ones.")
        divisor = {
            Scale.RELATIVE: np.abs(known),
            Scale.LARGEST: np.abs(known).max(),
            Scale.ABSOLUTE: np.array(1.0),
        }[scale]
        if not np.all(divisor > 0):
            raise InputError(f"{name}: an error relative to 0; ask for an absolute one.")
        return cls(
            name,
            what,
            float(known.flat[shown]),
            float(given.flat[shown]),
            unit,
            float((np.abs(given - known) / divisor).max()),
            tolerance,
            scale,
            source,
        )
