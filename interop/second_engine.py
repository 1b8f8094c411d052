"""Run the COMBINE archive in libroadrunner and COPASI, and compare with the reference it carries.

    python interop/second_engine.py [ARCHIVE] [--write FILE]

This script knows nothing of this project: it opens the archive with libCombine, reads the
simulations with libSEDML, integrates the SBML models with each engine, and compares every state
of every report with ``reference/<course>.csv``. Then it doubles each parameter that stands at 1,
once a model has been read, and compares the engines with each other: COPASI takes such a parameter
for a conversion factor where a model gives it cause to. `make second-engine` runs it in an
environment of its own, where qsp_lib is not installed. It ends with code 1 if any difference is
above the limit.

The difference at one time is |a - b| / max(|b|, floor * peak of b, least): relative to the
reference, or to a ten-thousandth of its peak where the state is all but gone (with ``--floor 1``,
relative to the peak throughout), or to the absolute tolerance of the simulation. At the time of a
dose all give the value just after it.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib.util
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import COPASI
import libcombine
import libsedml
import numpy as np
import roadrunner
from written import write

LIMIT = 1e-5
NO_CHANGES: Mapping[str, float] = {}
FLOOR = 1e-4
"""Of a state's peak. A steep drug's course begins ten decades below its peak, where a cytokine
holds the error of the T cells that make it, many thousands of times over."""
LONGEST = 1.0
"""Of COPASI's steps, in the model's unit of time. Before a first dose that comes late nothing
moves, its steps grow, and it then places the dose some 1e-5 too late."""
CVODE, RELATIVE, ABSOLUTE = "KISAO:0000019", "KISAO:0000209", "KISAO:0000211"
TIME = "urn:sedml:symbol:time"
SBML = {"sbml": "http://www.sbml.org/sbml/level3/version2/core"}


@dataclass(frozen=True)
class Run:
    """One report of the archive: its columns by label, and the reference under the same labels.

    Below ``least``, whatever its peak, a state is all but gone.
    """

    name: str
    title: str
    found: dict[str, np.ndarray]
    reference: dict[str, np.ndarray]
    least: float = 0.0

    def differences(self, floor: float) -> dict[str, float]:
        """Largest relative difference of every state."""
        return {
            state: relative_difference(self.found[state], self.reference[state], floor, self.least)
            for state in self.reference
            if state != "time"
        }


def relative_difference(
    found: np.ndarray, reference: np.ndarray, floor: float = FLOOR, least: float = 0.0
) -> float:
    """Largest ``|a - b| / max(|b|, floor * max|b|, least)``; 0 where the reference is 0 throughout
    and so is what was found; infinite if either holds anything but finite numbers."""
    if not (np.isfinite(found).all() and np.isfinite(reference).all()):
        return np.inf
    scale = np.maximum(np.abs(reference), max(floor * np.abs(reference).max(), least))
    gap = np.abs(found - reference)
    return float(np.max(np.divide(gap, scale, out=np.where(gap > 0, np.inf, 0.0), where=scale > 0)))


def unpack(archive: Path, folder: Path) -> Path:
    """Extract an archive, and give the path of its simulations."""
    reader = libcombine.CombineArchive()
    if not reader.initializeFromArchive(str(archive)):
        raise SystemExit(f"libCombine cannot open {archive}")
    reader.extractTo(str(folder))
    master = reader.getMasterFile()
    if master is None or "sed-ml" not in master.getFormat():
        raise SystemExit(f"{archive} names no SED-ML file as its master")
    return folder / master.getLocation()


def changed_model(model: libsedml.SedModel, folder: Path) -> str:
    """The SBML text of a SED-ML model, with its changes of attributes made."""
    ET.register_namespace("", SBML["sbml"])
    root = ET.parse(folder / model.getSource()).getroot()
    for i in range(model.getNumChanges()):
        change = model.getChange(i)
        place, attribute = change.getTarget().removeprefix("/sbml:sbml/").split("/@")
        (element,) = root.findall(place, SBML)
        element.set(attribute, change.getNewValue())
    return ET.tostring(root, encoding="unicode")


@dataclass(frozen=True)
class Simulation:
    """A uniform time course, as the SED-ML file asks for it."""

    start: float
    end: float
    steps: int
    rtol: float
    atol: float

    @property
    def least(self) -> float:
        """Where the error that ``atol`` allows is as large as the limit of the comparison."""
        return self.atol / LIMIT

    @classmethod
    def read(cls, given: libsedml.SedUniformTimeCourse) -> Simulation:
        """The simulation, if it is one by CVODE or its like from the initial time on."""
        algorithm = given.getAlgorithm()
        settings = {
            one.getKisaoID(): float(one.getValue())
            for one in map(
                algorithm.getAlgorithmParameter, range(algorithm.getNumAlgorithmParameters())
            )
        }
        if algorithm.getKisaoID() != CVODE or settings.keys() != {RELATIVE, ABSOLUTE}:
            raise SystemExit(f"expected {CVODE} with {RELATIVE} and {ABSOLUTE}, and nothing else")
        if given.getInitialTime() != given.getOutputStartTime():
            raise SystemExit("expected the output to start at the initial time")
        return cls(
            given.getOutputStartTime(),
            given.getOutputEndTime(),
            given.getNumberOfPoints(),
            settings[RELATIVE],
            settings[ABSOLUTE],
        )


def run_libroadrunner(
    sbml: str, simulation: Simulation, states: list[str], changes: Mapping[str, float] = NO_CHANGES
) -> np.ndarray:
    """Time and states by libroadrunner, ``(T, 1 + n)``: concentrations of species, and values of
    parameters. ``changes`` are new values of parameters, set when the model has been read."""
    engine = roadrunner.RoadRunner(sbml)
    for name, value in changes.items():
        engine[name] = value
    engine.reset()  # what happens at time 0 happened with the old values
    engine.setIntegrator("cvode")
    engine.integrator.relative_tolerance = simulation.rtol
    engine.integrator.absolute_tolerance = simulation.atol
    species = {one.get("id") for one in ET.fromstring(sbml).iterfind(".//sbml:species", SBML)}
    selections = ["time", *(f"[{name}]" if name in species else name for name in states)]
    points = simulation.steps + 1
    return np.array(engine.simulate(simulation.start, simulation.end, points, selections))


def run_copasi(
    sbml: str, simulation: Simulation, states: list[str], changes: Mapping[str, float] = NO_CHANGES
) -> np.ndarray:
    """Time, states and ``changes`` as :func:`run_libroadrunner`, by COPASI."""
    model = COPASI.CRootContainer.addDatamodel()
    if not model.importSBMLFromString(sbml):
        raise SystemExit(f"COPASI cannot read a model: {COPASI.CCopasiMessage.getAllMessageText()}")
    parameters = model.getModel().getModelValues()
    by_id = {parameters.get(i).getSBMLId(): parameters.get(i) for i in range(parameters.size())}
    for name, value in changes.items():
        by_id[name].setInitialValue(value)
        model.getModel().updateInitialValues(by_id[name].getInitialValueReference())
    task = model.getTask("Time-Course")
    task.setMethodType(COPASI.CTaskEnum.Method_deterministic)
    problem, method = task.getProblem(), task.getMethod()
    problem.setOutputStartTime(simulation.start)
    problem.setDuration(simulation.end - simulation.start)
    problem.setStepNumber(simulation.steps)
    problem.setTimeSeriesRequested(True)
    method.getParameter("Relative Tolerance").setDblValue(simulation.rtol)
    method.getParameter("Absolute Tolerance").setDblValue(simulation.atol)
    method.getParameter("Max Internal Steps").setUIntValue(1_000_000)
    method.getParameter("Max Internal Step Size").setDblValue(LONGEST)
    if not (task.initializeRaw(COPASI.CCopasiTask.OUTPUT_UI) and task.processRaw(True)):
        raise SystemExit(f"COPASI cannot run: {COPASI.CCopasiMessage.getAllMessageText()}")
    series = task.getTimeSeries()
    column = {series.getSBMLId(i, model): i for i in range(series.getNumVariables())}
    order = [0, *(column[name] for name in states)]
    times = range(series.getRecordedSteps())
    return np.array([[series.getConcentrationData(i, j) for j in order] for i in times])


ENGINES = {"libroadrunner": run_libroadrunner, "COPASI": run_copasi}
VERSIONS = {"libroadrunner": version("libroadrunner"), "COPASI": version("python-copasi")}


def run(simulations: Path, engine: str) -> list[Run]:
    """Every report of a SED-ML file by one engine, with the reference of its name beside it."""
    document = libsedml.readSedMLFromFile(str(simulations))
    if document.getNumErrors():
        raise SystemExit(f"libSEDML cannot read {simulations}: {document.getErrorLog().toString()}")
    folder, runs = simulations.parent, []
    for i in range(document.getNumOutputs()):
        report = document.getOutput(i)
        if report.getTypeCode() != libsedml.SEDML_OUTPUT_REPORT:
            continue
        columns, tasks = {}, set()
        for j in range(report.getNumDataSets()):
            column = report.getDataSet(j)
            generator = document.getDataGenerator(column.getDataReference())
            variable = generator.getVariable(0)
            if libsedml.formulaToString(generator.getMath()) != variable.getId():
                raise SystemExit(f"{generator.getId()} computes; expected one variable as it is")
            tasks.add(variable.getTaskReference())
            is_time = variable.getSymbol() == TIME
            columns[column.getLabel()] = "time" if is_time else target_of(variable)
        (task,) = (document.getTask(name) for name in tasks)
        name, sbml, simulation = read_task(document, task, folder)
        states = [name for name in columns.values() if name != "time"]
        table = ENGINES[engine](sbml, simulation, states)
        found = dict(zip(["time", *states], table.T, strict=True))
        reference = read_csv(folder / "reference" / f"{name}.csv")
        by_label = {label: found[column] for label, column in columns.items()}
        if by_label.keys() != reference.keys():
            raise SystemExit(f"{name}: the report and the reference have different columns")
        np.testing.assert_allclose(by_label["time"], reference["time"], rtol=0, atol=1e-6)
        runs.append(Run(name, task.getName(), by_label, reference, simulation.least))
    return runs


def read_task(
    document: libsedml.SedDocument, task: libsedml.SedTask, folder: Path
) -> tuple[str, str, Simulation]:
    """The name of a task's course, its model as SBML, and how it is simulated."""
    model = document.getModel(task.getModelReference())
    simulation = Simulation.read(document.getSimulation(task.getSimulationReference()))
    return task.getId().removeprefix("task_"), changed_model(model, folder), simulation


def doubled(simulations: Path, floor: float = FLOOR) -> dict[str, dict[str, float]]:
    """By model and parameter that stands at 1, how far the engines differ when it is doubled."""
    document = libsedml.readSedMLFromFile(str(simulations))
    found: dict[str, dict[str, float]] = {}
    for i in range(document.getNumTasks()):
        course, sbml, simulation = read_task(document, document.getTask(i), simulations.parent)
        root = ET.fromstring(sbml)
        states = [str(rule.get("variable")) for rule in root.iterfind(".//sbml:rateRule", SBML)]
        for parameter in root.iterfind(".//sbml:parameter[@constant='true']", SBML):
            if float(parameter.get("value", "nan")) == 1.0:
                name = str(parameter.get("id"))
                twice = {name: 2.0}
                one, other = (of(sbml, simulation, states, twice) for of in ENGINES.values())
                pairs = zip(one.T, other.T, strict=True)
                gaps = [relative_difference(*pair, floor, simulation.least) for pair in pairs]
                found.setdefault(course, {})[name] = max(gaps)
    return found


def target_of(variable: libsedml.SedVariable) -> str:
    """The id of the species or parameter that a variable points at."""
    return str(variable.getTarget()).split("[@id='")[1].removesuffix("']")


def read_csv(path: Path) -> dict[str, np.ndarray]:
    """Columns of a CSV file of numbers, by their heading."""
    with path.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    return dict(zip(header, np.array(rows, dtype=float).T, strict=True))


def print_table(engine: str, differences: dict[str, dict[str, float]]) -> None:
    """One line a course, one column a state; a state that a course does not have is left out."""
    states = list(dict.fromkeys(state for of in differences.values() for state in of))
    wide = max(len(name) for name in differences)
    print(f"\n{engine} {VERSIONS[engine]}: largest relative difference from SciPy\n")
    print(" ".join([" " * wide, *(f"{state:>6}" for state in states)]))
    for name, of in differences.items():
        cells = (f"{of[state]:6.0e}" if state in of else " " * 6 for state in states)
        print(" ".join([f"{name:<{wide}}", *cells]))


def main() -> int:
    """Run, print the tables, and say whether all is within the limit."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("archive", type=Path, nargs="?", default=Path("exports/qsp-crs.omex"))
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables as JSON")
    floor = "share of a state's peak below which it is all but gone (default: %(default)s)"
    parser.add_argument("--floor", type=float, default=FLOOR, help=floor)
    options = parser.parse_args()
    if not options.archive.is_file():
        raise SystemExit(f"there is no archive {options.archive}; make it with 'make exports'")
    if importlib.util.find_spec("qsp_lib"):
        print("note: qsp_lib is installed here; this script does not import it", file=sys.stderr)
    content: dict[str, Any] = {
        "schema": 1,
        "archive_sha256": hashlib.sha256(options.archive.read_bytes()).hexdigest(),
        "limit": LIMIT,
        "floor": options.floor,
        "engines": {},
    }
    worst = 0.0
    with tempfile.TemporaryDirectory() as place:
        simulations = unpack(options.archive, Path(place))
        for engine in ENGINES:
            runs = run(simulations, engine)
            if not runs:
                raise SystemExit(f"{options.archive} holds no report")
            content["titles"] = {one.name: one.title for one in runs}
            differences = {one.name: one.differences(options.floor) for one in runs}
            print_table(engine, differences)
            content["least"] = max(one.least for one in runs)
            worst = max(worst, *(max(of.values()) for of in differences.values()))
            content["engines"][engine] = {
                "version": VERSIONS[engine],
                "differences": {  # two digits: the rest is the machine's
                    name: {state: float(f"{value:.1e}") for state, value in of.items()}
                    for name, of in differences.items()
                },
            }
        shifts = doubled(simulations, options.floor)
    largest = max(max(of.values()) for of in shifts.values())
    content["doubled"] = {
        name: {parameter: float(f"{value:.1e}") for parameter, value in of.items()}
        for name, of in shifts.items()
    }
    count = sum(len(of) for of in shifts.values())
    print(f"\n{count} parameters that stand at 1, doubled: the engines differ by {largest:.1e}")
    worst = max(worst, largest)
    agrees = worst < LIMIT
    print(f"\nlargest of all {worst:.1e}, limit {LIMIT:g}: {'agrees' if agrees else 'FAILS'}")
    if options.write:
        write(content, options.write)
    return 0 if agrees else 1


if __name__ == "__main__":
    raise SystemExit(main())
