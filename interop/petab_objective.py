"""Evaluate the PEtab problems with libpetab and libroadrunner, and compare with what is expected.

    python interop/petab_objective.py [FOLDER] [--write FILE]

This script knows nothing of this project: libpetab checks the two problems and parses them,
libroadrunner integrates their models period by period, and libpetab's own functions give the
likelihood and the densities of the priors. ``expected.json`` beside the problems says at which
points, and what should come out. `make second-engine` runs it in an environment of its own, where
qsp_lib is not installed. It ends with code 1 if a problem is not valid or differs too much.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import logging
import math
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import petab.v1
import petab.v1.calculate
import petab.v1.lint
import petab.v1.math
import petab.v1.priors
import petab.v2
import petab.v2.calculate
import petab.v2.lint
import roadrunner
from written import write

RTOL, ATOL = 1e-10, 1e-12
MOST_STEPS = 2_000_000
"""Of one integration: a steep drug needs many while its concentration rises from 0."""
PARTS = ("misfit", "data", "priors")
Objective = dict[str, float]


class Run:
    """One simulation of a problem's model, from time 0.

    Args:
        folder: where ``model.xml`` is.
        values: value of every parameter of the parameter table.
    """

    def __init__(self, folder: Path, values: Mapping[str, float]) -> None:
        self.model = roadrunner.RoadRunner(str(folder / "model.xml"))
        self.model.setIntegrator("cvode")
        self.model.integrator.relative_tolerance = RTOL
        self.model.integrator.absolute_tolerance = ATOL
        self.model.integrator.maximum_num_steps = MOST_STEPS
        self.values = dict(values)
        self.time = 0.0
        for name in values.keys() & set(self.model.model.getGlobalParameterIds()):
            self.model[name] = values[name]

    def advance(self, time: float) -> None:
        """Integrate to a time."""
        if time > self.time:
            self.model.simulate(self.time, time, 2)
            self.time = time

    def change(self, changes: Mapping[str, Any]) -> None:
        """Set entities of the model to expressions, all at once."""
        for name, value in {name: self.value(one) for name, one in changes.items()}.items():
            self.model[name] = value

    def value(self, expression: Any) -> float:
        """An expression in parameters of the table and in entities of the model, as of now.

        Compartments have size 1, so the amount of a species is its concentration.
        """
        now = {
            symbol: self.values[str(symbol)]
            if str(symbol) in self.values
            else float(self.model[str(symbol)])
            for symbol in expression.free_symbols
        }
        return float(expression.subs(now))


def version_2(folder: Path, log10_parameters: Mapping[str, float]) -> Objective:
    """The objective of a version 2 problem whose parameters are logarithms."""
    problem = petab.v2.Problem.from_yaml(folder / "problem.yaml")
    values = {p.id: p.nominal_value for p in problem.parameters}
    values |= {f"log10_{name}": value for name, value in log10_parameters.items()}
    conditions = {condition.id: condition for condition in problem.conditions}
    rows = []
    for experiment in problem.experiments:
        measured = [m.time for m in problem.measurements if m.experiment_id == experiment.id]
        run = Run(folder, values)
        periods = experiment.sorted_periods
        ends = [*(period.time for period in periods[1:]), math.inf]
        for period, end in zip(periods, ends, strict=True):
            if period.time > max(measured):
                break
            run.advance(period.time)
            changes = [
                change for name in period.condition_ids for change in conditions[name].changes
            ]
            run.change({change.target_id: change.target_value for change in changes})
            for time in sorted({time for time in measured if period.time <= time < end}):
                run.advance(time)
                for observable in problem.observables:
                    rows.append((observable.id, experiment.id, time, run.value(observable.formula)))
    simulated = pd.DataFrame(rows, columns=["observableId", "experimentId", "time", "simulation"])
    tables = problem.measurement_df, simulated, problem.observable_df, problem.parameter_df
    densities = [prior.pdf(values[name]) for name, prior in problem.get_priors().items()]
    return objective(petab.v2.calculate, tables, densities)


def version_1(folder: Path, log10_parameters: Mapping[str, float]) -> Objective:
    """The objective of a version 1 problem whose parameters are on a log10 scale."""
    problem = petab.v1.Problem.from_yaml(str(folder / "problem.yaml"))
    sympify = petab.v1.math.sympify_petab
    values = {str(name): float(x) for name, x in problem.parameter_df["nominalValue"].items()}
    values |= {name: 10.0**value for name, value in log10_parameters.items()}
    formulas = {
        name: sympify(text) for name, text in problem.observable_df["observableFormula"].items()
    }
    rows = []
    for condition, given in problem.condition_df.iterrows():
        of_this = problem.measurement_df["simulationConditionId"] == condition
        run = Run(folder, values)
        run.change({name: sympify(x) for name, x in given.items() if name != "conditionName"})
        for time in sorted(set(problem.measurement_df.loc[of_this, "time"])):
            run.advance(float(time))
            rows += [(name, condition, time, run.value(one)) for name, one in formulas.items()]
    names = ["observableId", "simulationConditionId", "time", "simulation"]
    simulated = pd.DataFrame(rows, columns=names)
    tables = problem.measurement_df, simulated, problem.observable_df, problem.parameter_df
    densities = []
    for name, row in problem.parameter_df.query("estimate == 1").iterrows():
        prior = petab.v1.priors.Prior.from_par_dict(row.to_dict(), "objective")
        densities.append(prior.pdf(math.log10(values[str(name)]), x_scaled=True, rescale=True))
    return objective(petab.v1.calculate, tables, densities)


def objective(
    calculate: Any, tables: tuple[pd.DataFrame, ...], densities: list[float]
) -> Objective:
    """The parts of an objective by libpetab's functions."""
    return {
        "misfit": 0.5 * calculate.calculate_chi2(*tables),
        "data": -calculate.calculate_llh(*tables),
        "priors": -sum(math.log(density) for density in densities),
    }


class _Said(logging.Handler):
    """Keeps what libpetab's version 1 lint says as errors or warnings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def complaints_2(folder: Path) -> list[str]:
    """What libpetab's lint has to say of a version 2 problem: nothing, if it is valid."""
    return [str(issue) for issue in petab.v2.lint.lint_problem(folder / "problem.yaml")]


def complaints_1(folder: Path) -> list[str]:
    """What libpetab's lint has to say of a version 1 problem, visualisation aside."""
    said, logger = _Said(), logging.getLogger("petab")
    logger.addHandler(said)
    try:
        problem = petab.v1.Problem.from_yaml(str(folder / "problem.yaml"))
        invalid = petab.v1.lint.lint_problem(problem)
    finally:
        logger.removeHandler(said)
    lines = [line for line in said.lines if "isualization" not in line]
    return lines or (["libpetab finds the problem invalid"] if invalid else [])


VERSIONS = {"v1": (version_1, complaints_1), "v2": (version_2, complaints_2)}


def digest(folder: Path) -> str:
    """SHA-256 of the names and the contents of all files of a folder."""
    found = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0")
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def relative_difference(found: float, expected: float) -> float:
    """``|a - b| / |b|``; infinite if ``a`` is no finite number."""
    return abs(found - expected) / abs(expected) if math.isfinite(found) else math.inf


def compare(folder: Path) -> dict[str, Any]:
    """Lint and evaluate both problems.

    Returns:
        For each version what the lint says, each part at the first point, and the largest
        relative difference of each part over all points.
    """
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    content: dict[str, Any] = {
        "schema": 1,
        "problems_sha256": digest(folder),
        "limit": expected["relative_tolerance"],
        "with": {name: version(name) for name in ("petab", "libroadrunner")},
        "points": [point["name"] for point in expected["points"]],
        "versions": {},
    }
    for name, (evaluate, complain) in VERSIONS.items():
        found = [evaluate(folder / name, p["log10_parameters"]) for p in expected["points"]]
        shifts = {
            part: max(
                relative_difference(one[part], point[part])
                for one, point in zip(found, expected["points"], strict=True)
            )
            for part in PARTS
        }
        content["versions"][name] = {
            "lint": complain(folder / name),
            "first": {part: float(f"{found[0][part]:.6g}") for part in PARTS},
            # two digits: the rest is the machine's
            "difference": {part: float(f"{shift:.1e}") for part, shift in shifts.items()},
        }
    return content


def read_options(description: str) -> argparse.Namespace:
    """The folder of the problems, which are there, and the file to write to, if any."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("exports/petab"))
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table as JSON")
    options = parser.parse_args()
    if not (options.folder / "expected.json").is_file():
        raise SystemExit(f"there are no problems in {options.folder}; make them: 'make exports'")
    return options


def main() -> int:
    """Compare, print, and say whether all is within the limit."""
    options = read_options(__doc__.split("\n")[0])
    if importlib.util.find_spec("qsp_lib"):
        print("note: qsp_lib is installed here; this script does not import it", file=sys.stderr)
    content = compare(options.folder)
    agrees = True
    print(f"largest relative difference over {len(content['points'])} points")
    for name, found in content["versions"].items():
        for line in found["lint"]:
            print(f"{name}: {line}")
        worst = max(found["difference"].values())
        agrees = agrees and not found["lint"] and worst < content["limit"]
        parts = ", ".join(f"{part} {shift:.1e}" for part, shift in found["difference"].items())
        print(f"PEtab {name}: {parts}")
    print(f"limit {content['limit']:g}: {'agrees' if agrees else 'FAILS'}")
    if options.write:
        write(content, options.write)
    return 0 if agrees else 1


if __name__ == "__main__":
    raise SystemExit(main())
