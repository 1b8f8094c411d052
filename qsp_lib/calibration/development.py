"""How well a candidate structure predicts the published courses: left out of the fit, and seen."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from ..evidence import DECLARED
from ..inference import Fit, Problem, fit_from, polished
from .candidates import CandidateModel
from .joint_fit import CourseResiduals, root_mean_square

Array = NDArray[np.float64]


def left_out_errors(
    candidate: CandidateModel, best: Fit, executor: Executor | None
) -> pd.DataFrame:
    """How each published course is predicted by a candidate's fit to all others.

    Args:
        candidate: the structure.
        best: optimum of the fit to all courses; one of two starts without the course.
        executor: where the fits run.

    Returns:
        One row a course: ``course``, root-mean-square errors ``rms_log10`` and ``rms_sigma``.
    """
    full: CourseResiduals = candidate.problem().residuals  # type: ignore[assignment]
    published = {o.course for o in full.observations if o.kind == "point" and o.use != DECLARED}
    courses = [o.course for o in full.observations if o.course in published]
    courses = list(dict.fromkeys(courses))
    reduced = [candidate.problem(without_course=course) for course in courses]
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
        below = float(ndtr((observed - predicted[:, i]) / o.sigma_log10).mean())
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
