"""Weights of largest entropy: as even as the data let them be.

Of all weights that meet some averages exactly, those of largest entropy lean least on any one
patient (Jaynes 1957, doi:10.1103/PhysRev.106.620). They are found in as many dimensions as there
are averages: the weights are ``exp(G l)``, made to sum to 1, and ``l`` is where a convex function
is lowest. A linear program would keep as many patients as there are averages; this keeps all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize
from scipy.special import logsumexp, softmax

from ...common import InputError
from ...inference import kish

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MET_WITHIN = 1e-8
"""An average that is this near what was asked for is met; rounding is 1e-15."""
_STEPS, _POLISH = 200, 3


class Weighed(Enum):
    """What has become of one draw's patients."""

    MET = "meets the data"
    NO_SOLUTION = "no weights meet the data"
    TOO_FEW = "too few effective patients"


@dataclass(frozen=True)
class Weighting:
    """Weights of the patients of one draw.

    Attributes:
        outcome: whether they meet the data.
        weights: ``(n,)``, summing to 1; all 0 where they do not.
        fails: the datum that is furthest from met; empty if all are.
    """

    outcome: Weighed
    weights: Array
    fails: str = ""

    @property
    def effective(self) -> float:
        """Kish's effective number of patients; 0 without weights."""
        return kish(self.weights)


def max_entropy(
    gaps: Array,
    data: Sequence[str],
    included: Mask | None = None,
    least_effective: float = 1.0,
) -> Weighting:
    """Weights ``w`` of largest entropy with ``sum(w * gaps) = 0`` for every column.

    Args:
        gaps: ``(n, k)``, what each patient adds to each average, less what it should be.
        data: name of the datum that each column is of; a datum may have several.
        included: patients ``(n,)`` that may have a weight; all by default.
        least_effective: Kish's number below which there are too few patients.

    Raises:
        InputError: shapes that do not fit, or values that are not finite.
    """
    if gaps.ndim != 2 or gaps.shape[1] != len(data) or not np.isfinite(gaps).all():
        raise InputError(
            f"max_entropy was given gaps of shape {gaps.shape} for {len(data)} averages; expected "
            "finite numbers, a row a patient and a column an average."
        )
    included = np.ones(len(gaps), bool) if included is None else included
    kept, nothing = gaps[included], np.zeros(len(gaps))
    if not len(kept):
        return Weighting(Weighed.TOO_FEW, nothing)
    found = softmax(kept @ _lowest(kept))
    if np.max(np.abs(found @ kept), initial=0.0) > MET_WITHIN:
        return Weighting(Weighed.NO_SOLUTION, nothing, _unmet(kept, data))
    if kish(found) < least_effective:
        return Weighting(Weighed.TOO_FEW, nothing)
    weights = nothing.copy()
    weights[included] = found
    return Weighting(Weighed.MET, weights)


def _lowest(gaps: Array) -> Array:
    """Where ``log(sum(exp(gaps @ l)))`` is lowest, or as far as it is followed."""

    def value(at: Array) -> tuple[float, Array]:
        exponents = gaps @ at
        return float(logsumexp(exponents)), softmax(exponents) @ gaps

    def curvature(at: Array) -> Array:
        weights = softmax(gaps @ at)
        mean = weights @ gaps
        return (gaps * weights[:, None]).T @ gaps - np.outer(mean, mean)

    start = np.zeros(gaps.shape[1])
    options = {"gtol": MET_WITHIN, "maxiter": _STEPS}
    at = minimize(value, start, jac=True, hess=curvature, method="trust-exact", options=options).x
    for _ in range(_POLISH):  # to the last digits, so that they hang on no stopping rule
        slope = value(at)[1]
        if np.max(np.abs(slope)) > 1e3 * MET_WITHIN:
            break
        at = at - np.linalg.lstsq(curvature(at), slope, rcond=1e-12)[0]
    return at


def _unmet(gaps: Array, data: Sequence[str]) -> str:
    """The datum that is missed by most where the sum of all misses is smallest."""
    n, k = gaps.shape
    cost = np.concatenate([np.zeros(n), np.ones(2 * k)])
    averages = np.hstack([gaps.T, np.eye(k), -np.eye(k)])
    whole = np.concatenate([np.ones(n), np.zeros(2 * k)])
    found = linprog(cost, A_eq=np.vstack([averages, whole]), b_eq=[0.0] * k + [1.0])
    misses = found.x[n : n + k] + found.x[n + k :]
    total = {
        name: sum(m for m, of in zip(misses, data, strict=True) if of == name) for name in data
    }
    return max(total, key=lambda name: total[name])
