"""The locked structure fitted again with one declared thing changed at a time, and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..calibration import (
    CANDIDATES,
    LOCKED,
    SENSITIVITIES,
    CourseResiduals,
    Sensitivity,
    facts,
    root_mean_square,
    sensitive_quantities,
    starts_near,
)
from ..common import LockError, forbid_opening
from ..evidence import DECLARED
from ..inference import Problem, fit, share_at_best, starting_points
from .developing import DEVELOPMENT, SEED, development_inputs, read_development
from .kept_beside import finished_part, keep_beside, read_beside

Array = NDArray[np.float64]
MAKE = "qsp-crs sensitivities"
OTHER_STARTS = 3
"""Starts besides the locked optimum: the prior's medians, and Sobol points of the prior."""


def refitted(
    case: Sensitivity,
    problem: Problem,
    optimum: Array,
    executor: Executor | None = None,
    other_starts: int = OTHER_STARTS,
) -> dict[str, Any]:
    """One changed fit: its optimum, how close it is, and what it says of the open facts.

    Args:
        case: what is changed.
        problem: the locked structure's fit.
        optimum: its optimum ``(d,)`` in log10, one of the starts.
        executor: where the fits run.
        other_starts: how many starts there are besides.

    Returns:
        Plain JSON values.
    """
    changed = case.change(problem)
    others = starting_points(changed, other_starts, SEED) if other_starts else np.empty((0, 0))
    with forbid_opening():
        fits = fit(changed, starts_near(changed, optimum, list(others)), executor)
        best = fits[0]
        found = sensitive_quantities(changed, best.theta)
    residuals: CourseResiduals = changed.residuals  # type: ignore[assignment]
    table = residuals.table(best.theta)
    published = table[table["use"] != DECLARED]
    return {
        "name": case.name,
        "label": case.label,
        "sources": list(case.sources),
        "cost": best.cost,
        "costs_of_starts": [one.cost for one in fits],
        "share_of_starts": share_at_best(fits),
        "converged": best.converged,
        "theta_log10": best.theta.tolist(),
        "rms_log10": {
            drug: root_mean_square(published[published["drug"] == drug], "residual")
            for drug in residuals.drugs
        },
        "facts": {name: bool(holds[0]) for name, holds in facts(found).items()},
        "quantities": {name: float(value[0]) for name, value in found.items()},
    }


def sensitivities_path(directory: Path = DEVELOPMENT) -> Path:
    """Where the sensitivities of the fit are kept."""
    return directory / "sensitivities-v2.json"


def keep_sensitivities(
    date: str,
    executor: Executor | None = None,
    *,
    optimum: Array | None = None,
    cases: Sequence[Sensitivity] = SENSITIVITIES,
    directory: Path = DEVELOPMENT,
    again: bool = False,
    other_starts: int = OTHER_STARTS,
    say: Callable[[str], None] = lambda line: None,
) -> Path:
    """Fit every case that is not kept, and keep each as soon as it is fitted; the path.

    Args:
        date: ISO date of the run.
        optimum: of the locked structure ``(d,)`` in log10; by default as it is kept.
        cases: what is changed, one after the other.
        directory: where to keep it.
        again: whether what is kept is thrown away first.
        other_starts: starts besides the optimum.
        say: called with one line of progress at a time.

    Raises:
        LockError: all is kept already, what is kept was made otherwise or edited, or nothing is
            kept of the locked structure.
    """
    path = sensitivities_path(directory)
    problem = CANDIDATES[LOCKED].problem()
    about = {
        "structure": LOCKED,
        "estimated": list(problem.names),
        "starts": {"locked_optimum": 1, "others": other_starts, "seed": SEED},
        "inputs": development_inputs(),
    }
    kept = {} if again else finished_part(path, about, f"{MAKE} --again")
    found = {case["name"]: case for case in kept.get("cases", ())}
    missing = [case for case in cases if case.name not in found]
    if not missing:
        raise LockError(f"{path.name} is there already; --again makes it anew.")
    if optimum is None:
        locked = read_development(LOCKED, directory).content["optimum"]
        optimum = np.array(locked["theta_log10"])
    for case in missing:
        found[case.name] = refitted(case, problem, optimum, executor, other_starts)
        in_order = [found[one.name] for one in cases if one.name in found]
        keep_beside(path, about | {"made": date, "cases": in_order})
        say(f"{case.label}: cost {found[case.name]['cost']:.3f}")
    return path


def read_sensitivities(directory: Path = DEVELOPMENT) -> Mapping[str, Any]:
    """What is kept of the sensitivities of the fit, as :func:`keep_sensitivities` wrote it.

    Raises:
        LockError: the file is missing, cannot be read, or was edited.
    """
    return read_beside(sensitivities_path(directory), MAKE)
