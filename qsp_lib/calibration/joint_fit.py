"""Calibration: the model's residuals against published courses, and their fit.

Blinatumomab calibrates; blinatumomab and TGN1412 together give the values that are
locked. The held-back tables cannot be opened from here: every fit runs under
:func:`qsp_lib.common.blindfold.forbid_opening`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from ..common import forbid_opening, late, which_inputs
from ..drugs import load_drug
from ..evidence import DECLARED, Observation, load_observations, median_above
from ..inference import FAILED, Fit, Problem, fit, starting_points
from ..model import (
    CONSTANT_RECOVERY,
    NETWORK,
    QUANTITIES,
    RECOVERY_AT_REST,
    Draws,
    DrugInputs,
    NetworkParameters,
    Prior,
    Regimen,
    Steroid,
    Trajectory,
    network_table,
    simulate,
    value_bounds,
)

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
SHARED = ("k_rec",)
"""Quantities of a drug that have one value for all drugs."""
LOCKED_T_CELLS = {"v1": CONSTANT_RECOVERY, "v2": RECOVERY_AT_REST}
"""The T-cell part that each version of the inputs goes with."""
BOUND_DECADES = 3.0
"""How far from its prior median, at most, a fit moves a quantity."""
STEEPNESS, SHALLOWEST = "h", 1.0
"""A fitted Hill coefficient, and its lower bound; the upper is what can be computed with."""
_ROUNDED = 1.0 + 1e-12
"""Ten to the power of the largest h's logarithm is that h, however it was rounded."""
PEAK_WITHIN_H = 48.0
"""Where a peak is looked for if its observation does not say."""
LEAST_LEVEL = 1e-12
"""Of what has no healthy level, so that its logarithm is finite."""
_SLOW_FROM_H, _SLOW_STEP_H = 96.0, 6.0
FIT_RTOL, FIT_ATOL = 1e-8, 1e-10
FEEDBACK_PARAMETERS = ("k_fb", "K_S", "n_S")


def estimated(
    drugs: Sequence[str], feedback: str = "gated", inputs: str | None = None
) -> dict[str, Prior]:
    """Estimated quantities and their priors.

    A drug's is named ``drug.rate``, a rate that all drugs share ``k_rec``, and the ratio of two
    network parameters ``k_IL6_T/k_IL6_M``.
    """
    absent = FEEDBACK_PARAMETERS if feedback == "none" else ()
    priors = {
        row.estimate: row.prior
        for name, row in network_table(inputs).items()
        if row.prior.status == "estimated" and name not in absent
    }
    for drug in drugs:
        for name, prior in load_drug(drug, inputs=inputs).priors.items():
            if prior.status == "estimated":
                priors[name if name in SHARED else f"{drug}.{name}"] = prior
    return priors


def unit_of(name: str) -> str:
    """The unit of an estimated quantity; 1 for a ratio.

    >>> unit_of("tgn1412.k_act"), unit_of("k_IL6_T/k_IL6_M"), unit_of("d_IL6")
    ('1/h', '1', '1/h')
    """
    return "1" if "/" in name else QUANTITIES[name.rpartition(".")[2]].unit


def values_at(names: Sequence[str], theta: Array) -> dict[str, Array]:
    """Values by name of points ``(N, d)`` in log10; a ratio is multiplied out.

    Returns:
        ``(N,)`` a name; ``k_IL6_T`` in place of ``k_IL6_T/k_IL6_M``.
    """
    # a value too large for a float becomes infinite, which Draws refuses by name
    with np.errstate(over="ignore"):
        found = dict(zip(names, 10.0 ** np.atleast_2d(theta).T, strict=True))
        for name in filter(_is_steepness, names):
            value, largest = found[name], value_bounds(STEEPNESS)[1]
            found[name] = np.where(value <= largest * _ROUNDED, np.minimum(value, largest), value)
        for name in [name for name in found if "/" in name]:
            over, _, under = name.partition("/")
            found[over] = found.pop(name) * found[under]
    return found


def _is_steepness(name: str) -> bool:
    return name.rpartition(".")[2] == STEEPNESS


def of_drug(values: Mapping[str, Any], drug: str) -> dict[str, Any]:
    """Those of some values that concern one drug: the network's, the shared, and its own."""
    found = {}
    for name, value in values.items():
        owner, _, quantity = name.rpartition(".")
        if owner in ("", drug):
            found[quantity] = value
    return found


@dataclass(frozen=True)
class CourseResiduals:
    """Residuals of the model against observations, in units of their sigma.

    Observations are compared in log10 concentration, baseline added. A
    right-censored one contributes ``sqrt(-2 log Phi(z))``, the exact likelihood
    that the true value lies above the limit, and one that was at most a limit the same from
    the other side. A median of values above an assay's floor is compared with the median that
    the model gives above that floor.
    """

    names: tuple[str, ...]
    observations: tuple[Observation, ...]
    network: NetworkParameters
    rtol: float = FIT_RTOL
    atol: float = FIT_ATOL
    inputs: str = "v1"
    fixed: tuple[tuple[str, float], ...] = ()

    @property
    def arms(self) -> dict[tuple[str, str], list[int]]:
        """Which observations are of which drug and regimen: what is simulated together."""
        found: dict[tuple[str, str], list[int]] = {}
        for i, observation in enumerate(self.observations):
            found.setdefault((observation.drug, observation.regimen), []).append(i)
        return found

    @property
    def drugs(self) -> tuple[str, ...]:
        """The drugs whose courses are observed, in order."""
        return tuple(dict.fromkeys(observation.drug for observation in self.observations))

    def draws(self, theta: Array, drug: str) -> Draws:
        """Parameter sets ``(N, d)`` in log10 as draws for one drug."""
        return Draws(of_drug(values_at(self.names, theta), drug))

    def drug(self, name: str) -> DrugInputs:
        """A drug as its file has it, with what is held fixed."""
        return load_drug(name, inputs=self.inputs).inputs.replace(**of_drug(dict(self.fixed), name))

    def regimen(self, drug: str, name: str) -> Regimen:
        """A regimen of a drug's file."""
        return load_drug(drug, inputs=self.inputs).regimens[name]

    def steroid(self, drug: str, regimen: str) -> Steroid | None:
        """What is given beside a regimen: nothing, as nothing of it was published with a level."""
        return None

    def simulate(
        self,
        theta: Array,
        drug: str,
        regimen: str,
        horizon_h: float,
        times: Array | None = None,
        dose_factor: ArrayLike = 1.0,
        changed: Mapping[str, float] | None = None,
    ) -> Trajectory:
        """A drug's regimen at parameter sets ``(N, d)`` in log10, some values changed in all.

        ``dose_factor`` multiplies every dose: one for all sets, or one each, ``(N,)``.
        """
        draws = self.draws(theta, drug)
        if changed:
            others = {name: np.full(len(draws), value) for name, value in changed.items()}
            draws = Draws(dict(draws.values) | others)
        return simulate(
            self.drug(drug),
            self.network,
            self.regimen(drug, regimen),
            steroid=self.steroid(drug, regimen),
            draws=draws,
            dose_factor=dose_factor,
            horizon_h=horizon_h,
            times=times,
            rtol=self.rtol,
            atol=self.atol,
        )

    def predictions(self, theta: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Predicted log10 concentrations ``(N, m)``, and which sets ``(N,)`` completed."""
        theta = np.atleast_2d(theta)
        predicted = np.full((len(theta), len(self.observations)), np.nan)
        completed = np.ones(len(theta), dtype=bool)
        differing = {drug: self._differing(theta, drug) for drug in self.drugs}
        for (drug, regimen), mine in self.arms.items():
            seen = [self.observations[i] for i in mine]
            horizon, times = _report(seen)
            firsts, same = differing[drug]
            trajectory = self.simulate(theta[firsts], drug, regimen, horizon, times)
            good = trajectory.completed
            completed &= good[same]
            if not good.any():
                continue
            trajectory = trajectory.select(good)
            for i, observation in zip(mine, seen, strict=True):
                found = np.full(good.size, np.nan)
                found[good] = _predicted(observation, trajectory)
                predicted[:, i] = found[same]
        return predicted, completed

    def _differing(self, theta: Array, drug: str) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
        """Sets that differ in what concerns a drug, and which of them each set ``(N,)`` is.

        Differences along another drug's rates are the same simulation again.
        """
        columns = list(of_drug({name: i for i, name in enumerate(self.names)}, drug).values())
        _, firsts, same = np.unique(
            theta[:, columns], axis=0, return_index=True, return_inverse=True
        )
        return firsts, same.reshape(-1)

    def __call__(self, theta: Array) -> Array:
        predicted, completed = self.predictions(theta)
        residuals = np.full(predicted.shape, FAILED)
        good = predicted[completed]
        for i, observation in enumerate(self.observations):
            z = (good[:, i] - np.log10(_limit(observation))) / observation.sigma_log10
            if observation.is_censored:
                inside = -z if observation.at_most else z
                z = np.sqrt(-2.0 * scipy.special.log_ndtr(inside))
            residuals[completed, i] = z
        return residuals

    @property
    def log_likelihood_constant(self) -> float:
        """Part of the log likelihood that no parameter changes."""
        sigmas = [o.sigma_log10 for o in self.observations if not o.is_censored]
        return float(-np.log(np.array(sigmas) * np.sqrt(2 * np.pi)).sum())

    def table(self, theta: Array) -> pd.DataFrame:
        """Observed and predicted values of one set, with residuals.

        ``evidence`` is the row that a point rests on, ``window_h`` where a peak is looked for.
        ``residual`` is log10(predicted/observed); for a right-censored observation
        it is the shortfall below the limit, 0 if the prediction lies above it, and for one
        that was at most a limit the excess above it.
        """
        predicted = self.predictions(theta)[0][0]
        rows = []
        for observation, log10_predicted in zip(self.observations, predicted, strict=True):
            observed = _limit(observation)
            residual = log10_predicted - np.log10(observed)
            if observation.at_most:
                residual = max(residual, 0.0)
            elif observation.is_censored:
                residual = min(residual, 0.0)
            rows.append(
                {
                    "id": observation.id,
                    "evidence": observation.sources[0],
                    "course": observation.course,
                    "drug": observation.drug,
                    "regimen": observation.regimen,
                    "analyte": observation.analyte,
                    "kind": observation.kind,
                    "time_h": observation.time_h,
                    "window_h": observation.window_h,
                    "observed": observed,
                    "censored": observation.is_censored,
                    "at_most": observation.at_most,
                    "predicted": 10.0**log10_predicted,
                    "residual": residual,
                    "sigma": observation.sigma_log10,
                    "use": observation.use,
                }
            )
        frame = late.pandas.DataFrame(rows)
        return frame.assign(scaled=frame["residual"] / frame["sigma"])


def _limit(observation: Observation) -> float:
    """The observed level (pg/mL; cells a fraction), or the bound that is all that is known."""
    above = observation.censored_above_pg_mL
    return observation.value_pg_mL if above is None else above


def _report(seen: Sequence[Observation]) -> tuple[float, Array | None]:
    """Horizon (h) and report times of one arm; dense times for a peak that may come early.

    A peak that is looked for late only is one of a slow course, so that wide steps follow it.
    """
    points = sorted({o.time_h for o in seen if o.time_h is not None})
    peaks = [o for o in seen if o.kind == "peak"]
    windows = [o.window_h or (0.0, PEAK_WITHIN_H) for o in peaks]
    horizon = max([*points, *(last for _, last in windows)])
    if any(first < _SLOW_FROM_H for first, _ in windows):
        return horizon, None
    late = [np.arange(first, last, _SLOW_STEP_H) for first, last in windows]
    return horizon, np.unique(np.concatenate([points, *late, [horizon]]))


def _predicted(observation: Observation, trajectory: Trajectory) -> Array:
    """log10 of what an observation should read, ``(N,)``."""
    if observation.time_h is None:
        first, last = observation.window_h or (0.0, np.inf)
        level = trajectory.peak(observation.analyte, first, last).value
    else:
        level = trajectory.at(observation.analyte, observation.time_h)
    log10_level = np.log10(
        observation.healthy + np.maximum(level, LEAST_LEVEL * (not observation.healthy))
    )
    floor, spread = observation.assay_floor_pg_mL, observation.spread_log10
    if floor is None:
        return log10_level
    return median_above(log10_level, spread, np.log10(floor))


def make_problem(
    drugs: Sequence[str],
    feedback: str = "gated",
    without_course: str | None = None,
    rtol: float = FIT_RTOL,
    *,
    inputs: str | None = None,
    t_cells: str | None = None,
    fixed: Mapping[str, float] | None = None,
    published_only: bool = False,
) -> Problem:
    """The fit of these drugs' courses, priors included.

    Args:
        drugs: ``("blinatumomab",)`` or ``("blinatumomab", "tgn1412")``.
        feedback: candidate structure.
        without_course: a course to leave out.
        rtol: of the integration; finite differences need the tight default, a sampler
            does not.
        inputs: the version of observations, priors and drug files; by default the current
            one.
        t_cells: candidate T-cell part; by default the one that this version was locked with.
        fixed: values of drugs' quantities that are not estimated then, as ``tgn1412.h``.
        published_only: leave out every observation that is a declared assumption.
    """
    inputs = which_inputs(inputs)
    t_cells = LOCKED_T_CELLS[inputs] if t_cells is None else t_cells
    held = dict(fixed or {})
    priors = {k: v for k, v in estimated(drugs, feedback, inputs).items() if k not in held}
    mean = np.log10([prior.median for prior in priors.values()])
    sd = np.array([prior.log10_sd for prior in priors.values()])
    steep = np.array([_is_steepness(name) for name in priors])
    network = NetworkParameters.prior_medians(inputs, feedback=feedback, t_cells=t_cells)
    observations = tuple(
        o
        for o in load_observations(inputs)
        if o.drug in drugs
        and o.course != without_course
        and not (published_only and o.use == DECLARED)
    )
    residuals = CourseResiduals(
        tuple(priors), observations, network, rtol, 1e-2 * rtol, inputs, tuple(held.items())
    )
    return Problem(
        tuple(priors),
        residuals,
        np.where(steep, np.log10(SHALLOWEST), mean - BOUND_DECADES),
        np.where(steep, np.log10(value_bounds(STEEPNESS)[1]), mean + BOUND_DECADES),
        mean,
        sd,
    )


def calibrate(
    problem: Problem, n_starts: int, seed: int, executor: Executor | None = None
) -> tuple[Fit, ...]:
    """Multi-start fit with the held-back tables out of reach; best first."""
    with forbid_opening():
        return fit(problem, starting_points(problem, n_starts, seed), executor)


def point_values(problem: Problem, theta: Array) -> dict[str, float]:
    """Values by name at one point, out of log10."""
    return {name: float(value[0]) for name, value in values_at(problem.names, theta).items()}


def network_at(problem: Problem, theta: Array) -> NetworkParameters:
    """The network at one point of a fit; parameters that were not fitted at their prior medians."""
    fitted = {k: v for k, v in point_values(problem, theta).items() if k in NETWORK}
    return problem.residuals.network.replace(**fitted)  # type: ignore[attr-defined]


def drug_at(problem: Problem, theta: Array, drug: str) -> DrugInputs:
    """A drug's inputs at one point of a fit."""
    own = of_drug(values_at(problem.names, theta), drug)
    fitted = {name: float(value[0]) for name, value in own.items() if name not in NETWORK}
    return problem.residuals.drug(drug).replace(**fitted)  # type: ignore[attr-defined]


def root_mean_square(table: pd.DataFrame, column: str) -> float:
    """Root mean square of a column over published points (declared assumptions left out)."""
    return float(np.sqrt((table.loc[table["use"] != DECLARED, column] ** 2).mean()))
