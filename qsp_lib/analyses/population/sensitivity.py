"""Which factor explains most: Sobol indices over patients and over the posterior.

The posterior's parameters are correlated, so it counts as one factor: which draw. Sampling and
estimators are SALib's (Iwanaga et al. 2022, doi:10.18174/sesmo.18155; Saltelli et al. 2010,
doi:10.1016/j.cpc.2009.09.018). A first-order index is the share of the variance that goes if the
factor is known; the total index the share that stays if everything else is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common import InputError, late
from ...inference import sweep
from .simulating import INDEX, OfPlaces, PatientSimulator

Array = NDArray[np.float64]

ROUNDING = 1e-9
"""A share of the variance that is smaller is none: last bits differ between processors."""
_RESAMPLES = 200


@dataclass(frozen=True)
class SobolIndices:
    """Shares of the variance of one output.

    Attributes:
        names: factors.
        first, total: indices ``(d,)``.
        first_error, total_error: half-widths of their 95 % bootstrap intervals ``(d,)``.
        base: points that each index is of.
        dropped: base points left out because a simulation failed.
    """

    names: tuple[str, ...]
    first: Array
    first_error: Array
    total: Array
    total_error: Array
    base: int
    dropped: int

    @property
    def largest(self) -> str:
        """The factor with the largest total index."""
        return self.names[int(np.argmax(self.total))]

    @property
    def first_sum(self) -> tuple[float, float]:
        """Sum of the first-order indices and its error, as if they were independent."""
        return float(self.first.sum()), float(np.sqrt((self.first_error**2).sum()))

    def columns(self) -> dict[str, Any]:
        """Plain values by name, a list each."""
        return {
            "factor": list(self.names),
            "first": self.first.tolist(),
            "first_error": self.first_error.tolist(),
            "total": self.total.tolist(),
            "total_error": self.total_error.tolist(),
        }


def sobol_places(names: Sequence[str], base: int, seed: int) -> Array:
    """Saltelli's points in the unit cube, ``(base * (d + 2), d)``.

    Raises:
        InputError: fewer than two factors, or a base that is no power of 2 of 8 or more.
    """
    if len(names) < 2:
        raise InputError(f"{len(names)} factors; expected two or more to compare.")
    if base < 8 or not math.log2(base).is_integer():
        raise InputError(f"{base} base points; expected a power of 2, 8 or more.")
    return late.salib_sample.sample(_problem(names), base, calc_second_order=False, seed=seed)


def sobol_indices(names: Sequence[str], outputs: Array, seed: int) -> SobolIndices:
    """Indices from what a model gives at :func:`sobol_places`, ``(base * (d + 2),)``.

    A base point of which any simulation failed (NaN) is left out whole.

    Raises:
        InputError: another number of outputs, too few base points left, or outputs that are all
            the same.
    """
    block = len(names) + 2
    if outputs.ndim != 1 or len(outputs) % block:
        raise InputError(f"{outputs.shape} outputs; expected base points times {block}.")
    blocks = outputs.reshape(-1, block)
    kept = blocks[np.isfinite(blocks).all(axis=1)]
    if len(kept) < 8:
        raise InputError(f"{len(kept)} base points without a failure; expected 8 or more.")
    if np.ptp(kept) == 0:
        raise InputError(
            f"the output is {kept[0, 0]:g} everywhere, so no factor explains any of it; expected "
            "one that varies."
        )
    found = late.salib_analyze.analyze(
        _problem(names),
        kept.ravel(),
        calc_second_order=False,
        num_resamples=_RESAMPLES,
        seed=seed,
    )
    first, first_error, total, total_error = (
        _settled(np.asarray(found[key], float)) for key in ("S1", "S1_conf", "ST", "ST_conf")
    )
    dropped = len(blocks) - len(kept)
    return SobolIndices(tuple(names), first, first_error, total, total_error, len(kept), dropped)


def _settled(shares: Array) -> Array:
    """Shares of variance, 0 where they are rounding: a factor that the output does not know."""
    return np.where(np.abs(shares) < ROUNDING, 0.0, shares)


def explained_by(
    model: Callable[[Array], Array], names: Sequence[str], base: int, seed: int, **options: Any
) -> list[SobolIndices]:
    """Indices of every output of a model on the unit cube.

    Args:
        model: ``(m, d)`` places to ``(m, k)`` outputs.
        names: of the factors.
        base: base points, a power of 2.
        seed: of the points and of the bootstrap.
        options: of :func:`qsp_lib.inference.sweep`.

    Returns:
        One for each of the ``k`` outputs.
    """
    outputs = sweep(model, sobol_places(names, base, seed), **options)
    outputs = outputs if outputs.ndim == 2 else outputs[:, None]
    return [sobol_indices(names, column, seed) for column in outputs.T]


def people_explained(
    people: PatientSimulator, base: int, seed: int, **options: Any
) -> Mapping[str, SobolIndices]:
    """Indices of every quantity of a population, by ``arm.quantity``; of IL-6, of its logarithm.

    Args:
        people: the treatments.
        base, seed, options: as for :func:`explained_by`.
    """
    places = OfPlaces(people)
    outputs = sweep(places, sobol_places(places.names, base, seed), **options)
    found = {}
    for name, column in zip(people.quantities, outputs.T, strict=True):
        values = column if name.endswith(f".{INDEX}") else np.log10(column)
        found[name] = sobol_indices(places.names, values, seed)
    return found


def _problem(names: Sequence[str]) -> dict[str, Any]:
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}
