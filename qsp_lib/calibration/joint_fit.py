"""Calibration: the model's residuals against published courses, and their fit.

Blinatumomab calibrates; blinatumomab and TGN1412 together give the values that are
locked. The held-back tables cannot be opened from here: every fit runs under
:func:`qsp_lib.common.blindfold.forbid_opening`.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import log_ndtr

from ..common import forbid_opening
from ..drugs import load_drug
from ..evidence import Observation, load_observations
from ..inference import FAILED, Fit, Problem, fit, starting_points
from ..model import (
    NETWORK,
    Draws,
    DrugInputs,
    NetworkParameters,
    Prior,
    baselines,
    network_table,
    simulate,
)

Array = NDArray[np.float64]
RATES = ("k_act", "k_exh", "k_kill")
"""Upstream rates that a fit may move; k_rec is fixed for all drugs."""
BOUND_DECADES = 3.0
FIT_RTOL, FIT_ATOL = 1e-8, 1e-10
FEEDBACK_PARAMETERS = ("k_fb", "K_S", "n_S")


def estimated(drugs: Sequence[str], feedback: str = "gated") -> dict[str, Prior]:
    """Estimated parameters and their priors; a drug's rate is named ``drug.rate``."""
    absent = FEEDBACK_PARAMETERS if feedback == "none" else ()
    priors = {
        name: row.prior
        for name, row in network_table().items()
        if row.prior.status == "estimated" and name not in absent
    }
    for drug in drugs:
        for rate, prior in load_drug(drug).priors.items():
            if rate in RATES and prior.status == "estimated":
                priors[f"{drug}.{rate}"] = prior
    return priors


@dataclass(frozen=True)
class CourseResiduals:
    """Residuals of the model against observations, in units of their sigma.

    Observations are compared in log10 concentration, baseline added. A
    right-censored one contributes ``sqrt(-2 log Phi(z))``, the exact likelihood
    that the true value lies above the limit.
    """

    names: tuple[str, ...]
    observations: tuple[Observation, ...]
    network: NetworkParameters
    rtol: float = FIT_RTOL
    atol: float = FIT_ATOL

    @property
    def drugs(self) -> tuple[str, ...]:
        """The drugs whose courses are observed, in order."""
        return tuple(dict.fromkeys(observation.drug for observation in self.observations))

    def draws(self, theta: Array, drug: str) -> Draws:
        """Parameter sets ``(N, d)`` in log10 as draws for one drug."""
        values = {}
        for name, column in zip(self.names, np.atleast_2d(theta).T, strict=True):
            owner, _, rate = name.rpartition(".")
            if owner in ("", drug):
                values[rate] = 10.0**column
        return Draws(values)

    def predictions(self, theta: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Predicted log10 concentrations ``(N, m)``, and which sets ``(N,)`` completed."""
        theta = np.atleast_2d(theta)
        predicted = np.full((len(theta), len(self.observations)), np.nan)
        completed = np.ones(len(theta), dtype=bool)
        for drug in self.drugs:
            mine = [i for i, o in enumerate(self.observations) if o.drug == drug]
            seen = [self.observations[i] for i in mine]
            file = load_drug(drug)
            points = sorted({o.time_h for o in seen if o.time_h is not None})
            has_peak = any(o.kind == "peak" for o in seen)
            horizon = max([*points, 48.0 if has_peak else 0.0])
            trajectory = simulate(
                file.inputs,
                self.network,
                file.regimens[seen[0].regimen],
                draws=self.draws(theta, drug),
                horizon_h=horizon,
                times=None if has_peak else points,
                rtol=self.rtol,
                atol=self.atol,
            )
            good = trajectory.completed
            completed &= good
            if not good.any():
                continue
            trajectory = trajectory.select(good)
            for i, observation in zip(mine, seen, strict=True):
                if observation.time_h is None:
                    level = trajectory.peak(observation.analyte).value
                else:
                    level = trajectory.at(observation.analyte, observation.time_h)
                base = baselines()[observation.analyte]
                predicted[good, i] = np.log10(base + np.maximum(level, 0.0))
        return predicted, completed

    def __call__(self, theta: Array) -> Array:
        predicted, completed = self.predictions(theta)
        residuals = np.full(predicted.shape, FAILED)
        good = predicted[completed]
        for i, observation in enumerate(self.observations):
            limit = observation.censored_above_pg_mL
            if limit is None:
                value = np.log10(observation.value_pg_mL)
                residuals[completed, i] = (good[:, i] - value) / observation.sigma_log10
            else:
                z = (good[:, i] - np.log10(limit)) / observation.sigma_log10
                residuals[completed, i] = np.sqrt(-2.0 * log_ndtr(z))
        return residuals

    @property
    def log_likelihood_constant(self) -> float:
        """Part of the log likelihood that no parameter changes."""
        sigmas = [o.sigma_log10 for o in self.observations if o.censored_above_pg_mL is None]
        return float(-np.log(np.array(sigmas) * np.sqrt(2 * np.pi)).sum())

    def table(self, theta: Array) -> pd.DataFrame:
        """Observed and predicted values of one set, with residuals.

        ``residual`` is log10(predicted/observed); for a right-censored observation
        it is the shortfall below the limit, 0 if the prediction lies above it.
        """
        predicted = self.predictions(theta)[0][0]
        rows = []
        for observation, log10_predicted in zip(self.observations, predicted, strict=True):
            limit = observation.censored_above_pg_mL
            observed = observation.value_pg_mL if limit is None else limit
            residual = log10_predicted - np.log10(observed)
            rows.append(
                {
                    "id": observation.id,
                    "course": observation.course,
                    "drug": observation.drug,
                    "analyte": observation.analyte,
                    "kind": observation.kind,
                    "time_h": observation.time_h,
                    "observed": observed,
                    "censored": limit is not None,
                    "predicted": 10.0**log10_predicted,
                    "residual": residual if limit is None else min(residual, 0.0),
                    "sigma": observation.sigma_log10,
                    "use": observation.use,
                }
            )
        frame = pd.DataFrame(rows)
        return frame.assign(scaled=frame["residual"] / frame["sigma"])


def make_problem(
    drugs: Sequence[str],
    feedback: str = "gated",
    without_course: str | None = None,
    rtol: float = FIT_RTOL,
) -> Problem:
    """The fit of these drugs' courses, priors included.

    Args:
        drugs: ``("blinatumomab",)`` or ``("blinatumomab", "tgn1412")``.
        feedback: candidate structure.
        without_course: a course to leave out.
        rtol: of the integration; finite differences need the tight default, a sampler
            does not.
    """
    priors = estimated(drugs, feedback)
    mean = np.log10([prior.median for prior in priors.values()])
    sd = np.array([prior.log10_sd for prior in priors.values()])
    network = NetworkParameters.prior_medians().replace(feedback=feedback)
    observations = tuple(
        o for o in load_observations() if o.drug in drugs and o.course != without_course
    )
    residuals = CourseResiduals(tuple(priors), observations, network, rtol, 1e-2 * rtol)
    return Problem(tuple(priors), residuals, mean - BOUND_DECADES, mean + BOUND_DECADES, mean, sd)


def calibrate(
    problem: Problem, n_starts: int, seed: int, executor: Executor | None = None
) -> tuple[Fit, ...]:
    """Multi-start fit with the held-back tables out of reach; best first."""
    with forbid_opening():
        return fit(problem, starting_points(problem, n_starts, seed), executor)


def point_values(problem: Problem, theta: Array) -> dict[str, float]:
    """Values by name at one point, out of log10."""
    return {name: float(10.0**x) for name, x in zip(problem.names, theta, strict=True)}


def network_at(problem: Problem, theta: Array) -> NetworkParameters:
    """The network at one point of a fit; parameters that were not fitted at their prior medians."""
    fitted = {k: v for k, v in point_values(problem, theta).items() if k in NETWORK}
    return problem.residuals.network.replace(**fitted)  # type: ignore[attr-defined]


def drug_at(problem: Problem, theta: Array, drug: str) -> DrugInputs:
    """A drug's inputs at one point of a fit."""
    values = point_values(problem, theta)
    fitted = {
        name.split(".")[1]: value for name, value in values.items() if name.startswith(f"{drug}.")
    }
    return load_drug(drug).inputs.replace(**fitted)


def root_mean_square(table: pd.DataFrame, column: str) -> float:
    """Root mean square of a column over published points (declared weak points left out)."""
    return float(np.sqrt((table.loc[table["kind"] == "point", column] ** 2).mean()))
