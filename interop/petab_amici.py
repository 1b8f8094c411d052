"""Evaluate the PEtab problems with AMICI, the first version by pyPESTO, and compare with ours.

    python interop/petab_amici.py [FOLDER] [--write FILE]

This script knows nothing of this project. AMICI compiles both models, so it needs a C++ compiler
and SWIG beside ``pip install amici pypesto petab``; it is therefore run by hand after the problems
have changed; the record has their hash, and the book says if they are no longer the same. Points
and expected values are those of ``expected.json`` beside the problems.

pyPESTO does not cut a prior off at the bounds of its parameter as PEtab does, which adds a
constant; so of its priors it is the changes from the first point to the others that are compared.
AMICI's simulator for version 2 gives the likelihood alone.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import petab.v1
import petab.v2
import pypesto.petab
from amici.importers.petab import PetabImporter
from petab_objective import digest, read_options, relative_difference
from written import write

Parts = dict[str, float]
Evaluator = Callable[[Mapping[str, float]], Parts]
PACKAGES = {"v1": ("pypesto", "amici"), "v2": ("amici",)}


def version_1(folder: Path, place: Path) -> Evaluator:
    """The negative log likelihood and log prior of the version 1 problem by pyPESTO."""
    problem = petab.v1.Problem.from_yaml(str(folder / "problem.yaml"))
    importer = pypesto.petab.PetabImporter(
        problem, simulator_type="amici", output_folder=str(place / "v1"), model_name="qsp_v1"
    )
    made = importer.create_problem()
    free = [made.x_names[i] for i in made.x_free_indices]
    likelihood, priors = made.objective._objectives

    def evaluate(log10_parameters: Mapping[str, float]) -> Parts:
        x = made.get_full_vector([log10_parameters[name] for name in free], made.x_fixed_vals)
        return {"data": float(likelihood(x)), "priors": float(priors(x))}

    return evaluate


def version_2(folder: Path, place: Path) -> Evaluator:
    """The negative log likelihood of the version 2 problem by AMICI."""
    problem = petab.v2.Problem.from_yaml(folder / "problem.yaml")
    importer = PetabImporter(problem, module_name="qsp_v2", output_dir=place / "v2")
    simulator = importer.create_simulator()

    def evaluate(log10_parameters: Mapping[str, float]) -> Parts:
        named = {f"log10_{name}": value for name, value in log10_parameters.items()}
        return {"data": -float(simulator.simulate(named).llh)}

    return evaluate


VERSIONS = {"v1": version_1, "v2": version_2}


def compare(folder: Path) -> dict[str, Any]:
    """The largest relative difference of each part, over all points."""
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    points = expected["points"]
    content: dict[str, Any] = {
        "schema": 1,
        "problems_sha256": digest(folder),
        "limit": expected["relative_tolerance"],
        "points": [point["name"] for point in points],
        "versions": {},
    }
    with tempfile.TemporaryDirectory() as place:
        for name, importer in VERSIONS.items():
            evaluate = importer(folder / name, Path(place))
            found = [evaluate(point["log10_parameters"]) for point in points]
            shifts = {
                "data": max(
                    relative_difference(one["data"], point["data"])
                    for one, point in zip(found, points, strict=True)
                )
            }
            if "priors" in found[0]:
                shifts["priors"] = max(
                    relative_difference(
                        one["priors"] - found[0]["priors"],
                        point["priors"] - points[0]["priors"],
                    )
                    for one, point in zip(found[1:], points[1:], strict=True)
                )
            content["versions"][name] = {
                "with": {package: version(package) for package in PACKAGES[name]},
                "difference": {part: float(f"{shift:.1e}") for part, shift in shifts.items()},
            }
    return content


def main() -> int:
    """Compare, print, and say whether all is within the limit."""
    options = read_options(__doc__.split("\n")[0])
    content = compare(options.folder.resolve())
    print(json.dumps(content, indent=1, ensure_ascii=False))
    if options.write:
        write(content, options.write)
    shifts = [shift for one in content["versions"].values() for shift in one["difference"].values()]
    return 0 if max(shifts) < content["limit"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
