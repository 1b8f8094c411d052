"""Measured cytokine levels of a first cohort, as they are fitted to."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..common import InputError

ANALYTES = {"TNF": "TNF", "IFN": "IFN-gamma", "IL6": "IL-6"}
"""What may be measured, by the name of its state in the model, and in words."""
MEASURED: Final = ""
BELOW: Final = "below"
ABOVE: Final = "above"
HIGHEST_PG_ML = 1e8
"""Levels above this (0.1 mg/mL) are a slip of the unit."""
MOST_POINTS, MOST_REGIMENS = 2_000, 8

Censored = Literal["", "below", "above"]


@dataclass(frozen=True)
class Point:
    """One level, or the highest of a stretch of time.

    Attributes:
        line: of the file, counted from 1.
        regimen: key of the drug's regimen.
        individual: whose it is; empty for the mean of the regimen's cohort.
        analyte: ``TNF``, ``IFN`` or ``IL6``.
        time_h: when (h from the regimen's start); where a peak's stretch begins.
        until_h: where a peak's stretch ends (h); None for a level at a time.
        level: pg/mL; the limit of quantification of what lies beyond one.
        censored: ``""``, or ``"below"`` or ``"above"`` its limit.

    Raises:
        InputError: an unknown analyte, a level that is no number above 0 or surely a slip, a
            stretch that ends before it begins.
    """

    line: int
    regimen: str
    individual: str
    analyte: str
    time_h: float
    until_h: float | None
    level: float
    censored: Censored = MEASURED

    def __post_init__(self) -> None:
        if self.analyte not in ANALYTES:
            raise InputError(
                f"analyte {self.analyte!r} was given; expected one of {', '.join(ANALYTES)}."
            )
        if not (math.isfinite(self.level) and 0 < self.level <= HIGHEST_PG_ML):
            raise InputError(
                f"a level understood as {self.level:g} pg/mL was given; expected more than 0 and "
                f"at most {HIGHEST_PG_ML:g} pg/mL. Give what could not be measured as below its "
                "limit."
            )
        if self.until_h is not None and not self.time_h < self.until_h:
            raise InputError(
                f"a peak from {self.time_h:g} to {self.until_h:g} h was given; expected a stretch "
                "of time."
            )

    @property
    def words(self) -> str:
        """What it is a level of, and when."""
        name = ANALYTES[self.analyte]
        if self.until_h is None:
            return f"{name} at {self.time_h:g} h"
        return f"highest {name} of {self.time_h:g} to {self.until_h:g} h"


@dataclass(frozen=True)
class Data:
    """All points of a file.

    Attributes:
        file: its name.
        sha256: of its bytes.
        points: in the order of the file.
        not_read: columns that say nothing to a fit.

    Raises:
        InputError: no points, too many of them or of their regimens, a point twice, one
            individual under two regimens, or nothing that could be measured.
    """

    file: str
    sha256: str
    points: tuple[Point, ...]
    not_read: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        where, points = f"Data {self.file}", self.points
        if not 1 <= len(points) <= MOST_POINTS:
            raise InputError(
                f"{where}: {len(points)} measurements were given; expected 1 to {MOST_POINTS}."
            )
        if len(self.regimens) > MOST_REGIMENS:
            raise InputError(
                f"{where}: points of {len(self.regimens)} regimens were given; expected at most "
                f"{MOST_REGIMENS}."
            )
        self._require_each_once(where)
        under: dict[str, Point] = {}
        for point in points:
            first = under.setdefault(point.individual, point)
            if point.individual and first.regimen != point.regimen:
                raise InputError(
                    f"{where}, lines {first.line} and {point.line}: {point.individual!r} stands "
                    f"under the regimens {first.regimen!r} and {point.regimen!r}; expected each "
                    "individual under one. Give individuals of each cohort ids of their own."
                )
        if not self.measured.any():
            raise InputError(
                f"{where}: all {len(points)} levels lie beyond their limits of quantification; "
                "expected at least one that was measured. Limits alone do not say how high a "
                "level is."
            )

    def _require_each_once(self, where: str) -> None:
        seen: dict[tuple[object, ...], Point] = {}
        for point in self.points:
            key = (point.regimen, point.individual, point.analyte, point.time_h, point.until_h)
            first = seen.setdefault(key, point)
            if first is not point:
                whose = f"of {point.individual!r}" if point.individual else "without an id"
                raise InputError(
                    f"{where}, lines {first.line} and {point.line}: {point.words} {whose} was "
                    "given twice; expected each measurement once. Leave out the copy, or give each "
                    "individual an id."
                )

    @property
    def regimens(self) -> tuple[str, ...]:
        """Keys of the regimens, in order of appearance."""
        return tuple(Counter(point.regimen for point in self.points))

    @property
    def levels(self) -> NDArray[np.float64]:
        """log10 of each level or limit (pg/mL), ``(P,)``."""
        return np.log10([point.level for point in self.points])

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Which were measured, ``(P,)``; the others lie beyond their limits."""
        return np.array([point.censored == MEASURED for point in self.points])

    @property
    def above(self) -> NDArray[np.bool_]:
        """Which lie above their limit, ``(P,)``."""
        return np.array([point.censored == ABOVE for point in self.points])

    @property
    def sharers(self) -> tuple[str, ...]:
        """Who share an offset: individuals, or the cohort of a regimen where no id is given."""
        return tuple(Counter(map(_sharer, self.points)))

    @property
    def shared(self) -> NDArray[np.int_]:
        """Index of the sharer of each point, ``(P,)``."""
        index = {name: i for i, name in enumerate(self.sharers)}
        return np.array([index[_sharer(point)] for point in self.points])

    @property
    def of_individuals(self) -> bool:
        """Whether the points are individuals' and no means of cohorts."""
        return any(point.individual for point in self.points)


def _sharer(point: Point) -> str:
    return point.individual or f"cohort {point.regimen}"
