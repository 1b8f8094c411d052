"""Development on TGN1412, in the open: candidate structures and what speaks for each.

The candidates differ in the third source of IL-6 alone: no STAT3 feedback, feedback
without a gate, and feedback gated by macrophages, which is the published structure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from ..drugs import load_drug
from ..evidence import DECLARED
from ..inference import Fit, Problem, fit_from, polished, share_at_best
from ..model import Draws, network_table, severity, simulate
from .candidates import CandidateModel
from .joint_fit import (
    CourseResiduals,
    drug_at,
    make_problem,
    network_at,
    root_mean_square,
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """One candidate structure, fitted to both drugs, with what speaks for and against it."""

    feedback: str
    problem: Problem
    fits: tuple[Fit, ...]
    log_evidence: float
    left_out: pd.DataFrame

    @property
    def best(self) -> Fit:
        """The best of its local optima."""
        return self.fits[0]


def leave_one_course_out(
    problem: Problem, drugs: Sequence[str], feedback: str, best: Fit, executor: Executor | None
) -> pd.DataFrame:
    """How each published course is predicted by the fit to all others.

    Args:
        problem: the fit to all courses.
        drugs: whose courses are fitted.
        feedback: the structure.
        best: optimum of the fit to all courses; one of two starts without the course.
        executor: where the fits run.

    Returns:
        One row a course: ``course``, root-mean-square errors ``rms_log10`` and ``rms_sigma``.
    """
    return _left_out(
        problem, lambda course: make_problem(drugs, feedback, without_course=course), best, executor
    )


def _left_out(
    problem: Problem, without: Callable[[str], Problem], best: Fit, executor: Executor | None
) -> pd.DataFrame:
    """The errors of :func:`leave_one_course_out`, for any way of leaving a course out."""
    full: CourseResiduals = problem.residuals  # type: ignore[assignment]
    published = {o.course for o in full.observations if o.kind == "point" and o.use != DECLARED}
    courses = [o.course for o in full.observations if o.course in published]
    courses = list(dict.fromkeys(courses))
    reduced = [without(course) for course in courses]
    # the joint optimum has seen the course that is left out, so it cannot be the only start
    jobs = [(p, start) for p in reduced for start in (best.theta, p.prior_mean)]
    run = executor.map if executor is not None else map
    results = list(run(fit_from, *zip(*jobs, strict=True)))
    pairs = zip(results[::2], results[1::2], strict=True)
    lower = [min(pair, key=lambda fit: fit.cost) for pair in pairs]
    refits = list(run(polished, reduced, lower))
    rows = []
    for course, refit in zip(courses, refits, strict=True):
        seen = replace(full, observations=tuple(o for o in full.observations if o.course == course))
        table = seen.table(refit.theta)
        rows.append(
            {
                "course": course,
                "rms_log10": root_mean_square(table, "residual"),
                "rms_sigma": root_mean_square(table, "scaled"),
            }
        )
    return pd.DataFrame(rows)


def left_out_errors(
    candidate: CandidateModel, best: Fit, executor: Executor | None
) -> pd.DataFrame:
    """How each published course is predicted by a candidate's fit to all others.

    Returns:
        One row a course: ``course``, root-mean-square errors ``rms_log10`` and ``rms_sigma``.
    """
    return _left_out(
        candidate.problem(), lambda course: candidate.problem(without_course=course), best, executor
    )


def course_errors(problem: Problem, theta: Array) -> pd.DataFrame:
    """How a posterior sample ``(N, d)`` predicts the published courses that it was fitted to.

    Returns:
        One row a course: ``course``, ``points`` compared, the root-mean-square error ``rms_log10``
        of the medians, and ``covered``, the share of points within the central 90 % of what a
        measurement would read, its error included.
    """
    fit: CourseResiduals = problem.residuals  # type: ignore[assignment]
    predicted, completed = fit.predictions(theta)
    predicted = predicted[completed]
    rows = []
    for i, o in enumerate(fit.observations):
        if o.use == DECLARED or o.is_censored:
            continue
        observed = np.log10(o.value_pg_mL)
        # cumulative probability of the observation under the mixture over draws
        below = float(norm.cdf((observed - predicted[:, i]) / o.sigma_log10).mean())
        rows.append(
            {
                "course": o.course,
                "squared": (np.median(predicted[:, i]) - observed) ** 2,
                "covered": 0.05 <= below <= 0.95,
            }
        )
    grouped = pd.DataFrame(rows).groupby("course", sort=False)
    return pd.DataFrame(
        {
            "points": grouped.size(),
            "rms_log10": np.sqrt(grouped["squared"].mean()),
            "covered": grouped["covered"].mean(),
        }
    ).reset_index()


def comparison(candidates: Mapping[str, Candidate]) -> pd.DataFrame:
    """One row a structure: cost, evidence, fit to each drug, error on courses left out."""
    best_evidence = max(candidate.log_evidence for candidate in candidates.values())
    rows = []
    for candidate in candidates.values():
        table = candidate.problem.residuals.table(candidate.best.theta)  # type: ignore[attr-defined]
        drugs = {drug: table[table["drug"] == drug] for drug in ("blinatumomab", "tgn1412")}
        rows.append(
            {
                "structure": candidate.feedback,
                "parameters": candidate.problem.dimension,
                "cost": candidate.best.cost,
                "starts_at_best": share_at_best(candidate.fits),
                "log_evidence": candidate.log_evidence,
                "odds_against": float(np.exp(best_evidence - candidate.log_evidence)),
                **{
                    f"{drug}_rms_log10": root_mean_square(part, "residual")
                    for drug, part in drugs.items()
                },
                "left_out_rms_sigma": float(np.sqrt((candidate.left_out["rms_sigma"] ** 2).mean())),
            }
        )
    return pd.DataFrame(rows)


def qualitative(candidate: Candidate) -> dict[str, float]:
    """What a structure does that no cost shows.

    Keys: ``blinatumomab_il6_at_168h`` (pg/mL, baseline included; published median
    BO008), ``tgn1412_il6_48h_share`` and ``tgn1412_tnf_48h_share`` (level at 48 h over
    the peak), ``signal_at_168h`` of TGN1412 (pg/mL above baseline), and
    ``without_macrophages``: the peak IL-6 of TGN1412 when macrophages cannot be
    activated, as a share of the intact one. Monocyte depletion prevents the syndrome
    in humanised mice (PO041), so a structure that keeps most of its IL-6 without
    macrophages contradicts that observation.
    """
    network = network_at(candidate.problem, candidate.best.theta)
    runs = {
        drug: simulate(
            drug_at(candidate.problem, candidate.best.theta, drug),
            network,
            load_drug(drug).regimens["clinical"],
        )
        for drug in ("blinatumomab", "tgn1412")
    }
    tgn1412 = runs["tgn1412"]
    base = severity.baselines()
    without = Draws({"k_M": np.array([network_table()["k_M"].lower])})
    no_macrophages = simulate(
        drug_at(candidate.problem, candidate.best.theta, "tgn1412"),
        network,
        load_drug("tgn1412").regimens["clinical"],
        draws=without,
    )
    return {
        "blinatumomab_il6_at_168h": float(runs["blinatumomab"].at("IL6", 168.0) + base["IL6"]),
        "tgn1412_il6_48h_share": float(tgn1412.at("IL6", 48.0) / tgn1412.peak("IL6").value),
        "tgn1412_tnf_48h_share": float(tgn1412.at("TNF", 48.0) / tgn1412.peak("TNF").value),
        "signal_at_168h": float(tgn1412.at("S", 168.0)),
        "without_macrophages": float(
            no_macrophages.peak("IL6").value[0] / tgn1412.peak("IL6").value
        ),
    }
