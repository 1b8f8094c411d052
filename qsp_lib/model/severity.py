"""Severity of a simulated release: a continuous index, and an illustrative grade.

``z = log10((b + max S)/b)`` is the peak fold-rise of the effective IL-6 signal, b
the healthy IL-6 level. No published IL-6 threshold for a grade holds across drugs
(GR016, GR017), so the grade is a modelling choice and is called illustrative
wherever it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..common import InputError
from ..evidence import baselines as baselines
from .trajectory import Trajectory

TIE = 0.05
"""Two indices this close are a tie, and a tie is not an order."""
AREA_H = 72.0


def fold_rise(peak: NDArray[np.float64], cytokine: str) -> NDArray[np.float64]:
    """``(baseline + peak)/baseline`` for a peak above baseline (pg/mL)."""
    base = baselines()[cytokine]
    return (base + np.maximum(peak, 0.0)) / base


def index(trajectory: Trajectory, from_h: float = 0.0) -> NDArray[np.float64]:
    """Severity index z, from ``from_h`` (h) on; scalar or ``(N,)``."""
    return np.log10(fold_rise(trajectory.peak("S", from_h).value, "IL6"))


@dataclass(frozen=True)
class GradeBoundaries:
    """Lowest index of grades 1 to 4; frozen with the lock.

    Raises:
        InputError: boundaries that do not rise from grade to grade.
    """

    grade_1: float
    grade_2: float
    grade_3: float
    grade_4: float

    def __post_init__(self) -> None:
        edges = (self.grade_1, self.grade_2, self.grade_3, self.grade_4)
        if not all(lower < higher for lower, higher in pairwise(edges)):
            raise InputError(
                f"the boundaries of grades 1 to 4 are {', '.join(f'{z:g}' for z in edges)}; "
                "expected numbers that rise. Indices of a mild and a severe drug give such "
                "boundaries if they are above 0.45 and more than 0.5 apart."
            )

    @classmethod
    def between(cls, z_mild: float, z_severe: float) -> GradeBoundaries:
        """Boundaries from the locked indices of the mild and the severe drug."""
        second, fourth = z_mild + 0.25, z_severe - 0.25
        return cls(0.7, second, (second + fourth) / 2, fourth)

    def grade(self, z: NDArray[np.float64] | float) -> NDArray[np.int_]:
        """Illustrative grade 0-4 of an index, scalar or ``(N,)``."""
        edges = [self.grade_1, self.grade_2, self.grade_3, self.grade_4]
        return np.searchsorted(edges, z, side="right")


def definitions(trajectory: Trajectory) -> dict[str, NDArray[np.float64]]:
    """Severity under every definition that is reported; higher is worse, scalars or ``(N,)``.

    Keys: ``index`` (z), ``area`` (72-h area of S, log10 pg/mL h), ``mean_fold``
    (mean log10 fold-rise of TNF, IFN-gamma and IL-6), ``davila`` (0, 1: the
    75-fold/250-fold rule of GR014; it can tie).
    """
    folds = np.stack(
        [np.asarray(fold_rise(trajectory.peak(name).value, name)) for name in ("TNF", "IFN", "IL6")]
    )
    davila = ((folds >= 75).sum(axis=0) >= 2) | ((folds >= 250).sum(axis=0) >= 1)
    return {
        "index": index(trajectory),
        "area": np.log10(np.maximum(trajectory.area("S", 0.0, AREA_H), 1e-12)),
        "mean_fold": np.log10(folds).mean(axis=0),
        "davila": davila.astype(float),
    }


def order(values: dict[str, float], tie: float = TIE) -> str:
    """An ordering as text, lowest first: ``"a < b = c"``; values within ``tie`` are equal."""
    names = sorted(values, key=lambda name: values[name])
    parts = [names[0]]
    for lower, higher in zip(names[:-1], names[1:], strict=True):
        parts += ["=" if values[higher] - values[lower] <= tie else "<", higher]
    return " ".join(parts)
