"""Courses of a fitted drug with two bands: of what is estimated, and of a new measurement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray

from ..model import Draws, baselines
from .fitting import FittedDrug
from .levels import Followed
from .points import ANALYTES

Array = NDArray[np.float64]
N_SHOWN = 400
"""Draws that bands are made of."""
_NODES = 15
_EVERY = 160
_KINDS = ("low", "median", "high")


@dataclass(frozen=True)
class CourseBand:
    """One cytokine in one regimen, pg/mL with the healthy level.

    Attributes:
        times_h: ``(T,)``.
        held: at the locked network and the values fitted with it ``(T,)``.
        fitted: 5th, 50th and 95th percentile over the draws, without residual error ``(3, T)``.
        measured: the same of a new measurement in a new individual or cohort: with offset and
            residual error ``(3, T)``.
    """

    times_h: Array
    held: Array
    fitted: Array
    measured: Array


@dataclass(frozen=True)
class At:
    """What the fit says of one point.

    Attributes:
        fitted: 5th, 50th and 95th percentile without residual error (pg/mL).
        measured: the same of a new measurement.
        residual: log10 of what was measured over the median; of a limit, of the limit.
        inside: whether it lies within the band with residual error, or its limit allows that.
    """

    fitted: tuple[float, float, float]
    measured: tuple[float, float, float]
    residual: float
    inside: bool


@dataclass(frozen=True)
class Bands:
    """The courses and points of a fit."""

    fit: FittedDrug = field(repr=False)

    @cached_property
    def courses(self) -> Mapping[tuple[str, str], CourseBand]:
        """One band for each regimen and analyte of the data."""
        fit, problem = self.fit, self.fit.problem
        draws, noise = fit.draws[:N_SHOWN], _noise(fit, N_SHOWN)
        found: dict[tuple[str, str], CourseBand] = {}
        for regimen in problem.data.regimens:
            setting = problem.settings[regimen]
            held = Draws({r.prior.name: np.array([r.held]) for r in fit.rates})
            followed = Followed.of(setting)
            dense = followed.course(held)
            times = _rows(dense.times, dense.times[dense.task.schedule.firsts], setting.horizon_h)
            course = followed.course(draws, times)
            kept = course.completed
            analytes = [
                name
                for name in ANALYTES
                if any(p.regimen == regimen and p.analyte == name for p in problem.data.points)
            ]
            drawn = course.select(kept).along(analytes, times)
            central = dense.along(analytes, times)
            for name in analytes:
                healthy = baselines()[name]
                levels = np.log10(np.maximum(drawn[name], 0.0) + healthy)
                fitted, measured = _percentiles(levels, noise[kept])
                at_held = np.maximum(central[name][0], 0.0) + healthy
                found[regimen, name] = CourseBand(times, at_held, fitted, measured)
        return MappingProxyType(found)

    @cached_property
    def points(self) -> tuple[At, ...]:
        """One for each point of the data."""
        fit, data = self.fit, self.fit.problem.data
        kept = np.isfinite(fit.levels).all(axis=1)
        noise = _noise(fit, len(fit.levels))
        fitted, measured = _percentiles(fit.levels[kept], noise[kept])
        residuals = data.levels - np.log10(fitted[1])
        found = []
        for i, point in enumerate(data.points):
            low, _, high = measured[:, i]
            beyond = {"below": low <= point.level, "above": high >= point.level}
            inside = beyond.get(point.censored, low <= point.level <= high)
            found.append(
                At(
                    (float(fitted[0, i]), float(fitted[1, i]), float(fitted[2, i])),
                    (float(measured[0, i]), float(measured[1, i]), float(measured[2, i])),
                    float(residuals[i]),
                    bool(inside),
                )
            )
        return tuple(found)

    @property
    def share_inside(self) -> float:
        """Share of the points within the 90 % band with residual error."""
        return float(np.mean([at.inside for at in self.points]))


def _noise(fit: FittedDrug, n: int) -> Array:
    """Standard deviation of a new measurement about the course, log10 ``(n,)``."""
    residual, offset = (learned.prior.name for learned in fit.errors)
    total: Array = np.hypot(fit.numbers[residual], fit.numbers[offset])[:n]
    return total


def _percentiles(levels: Array, noise: Array) -> tuple[Array, Array]:
    """Percentiles ``(3, T)`` of log10 levels ``(N, T)`` without and with noise ``(N,)``, pg/mL.

    Noise is taken at equally likely places of its distribution, so that bands are smooth.
    """
    places = scipy.stats.norm.ppf((np.arange(_NODES) + 0.5) / _NODES)
    noisy = levels[:, None] + (noise[:, None] * places)[..., None]
    wanted = [5, 50, 95]
    with_noise = np.percentile(noisy.reshape(-1, levels.shape[1]), wanted, axis=0)
    return 10.0 ** np.percentile(levels, wanted, axis=0), 10.0**with_noise


def _rows(times: Array, changes: Array, horizon_h: float) -> Array:
    """Times to draw at: those of the engine, thinned out evenly, and every change of dosing."""
    every = max(1, times.size // _EVERY)
    found = np.unique([*times[::every], *changes, times[-1]])
    return found[found <= horizon_h]
