"""The simulations in SED-ML Level 1 Version 3, which more tools read than its successor.

One task a course: a dosed SBML model, with what the course gives beside the drug switched on, from
0 to its horizon. One report a course holds every state; one plot shows its cytokines.

Written with Python's own XML: python-libsedml and python-libsbml, loaded side by side, take each
other's objects for their own. The tests read the file with python-libsedml.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from ..model import HORIZON_H, QUANTITIES
from .courses import ATOL, RTOL, ReferenceCourse, n_steps

LEVEL, VERSION = 1, 3
CVODE, RELATIVE, ABSOLUTE = "KISAO:0000019", "KISAO:0000209", "KISAO:0000211"
TOLERANCES = {RELATIVE: f"{RTOL:g}", ABSOLUTE: f"{ATOL:g}"}
"""Tolerances the tasks ask for, as tight as those of the reference."""
PLOTTED = ("TNF", "IFN", "IL6", "S")
_NAMESPACES = {
    "xmlns": f"http://sed-ml.org/sed-ml/level{LEVEL}/version{VERSION}",
    "xmlns:sbml": "http://www.sbml.org/sbml/level3/version2/core",
}
_MATHML = "http://www.w3.org/1998/Math/MathML"
_SBML = "urn:sedml:language:sbml.level-3.version-2"
_TIME = "urn:sedml:symbol:time"
_MODEL = "/sbml:sbml/sbml:model"


def simulations(courses: Sequence[ReferenceCourse], folder: str = "sbml") -> str:
    """The text of a SED-ML file for these courses.

    Args:
        courses: each becomes a task.
        folder: where the SBML files are, seen from the SED-ML file.
    """
    root = ET.Element("sedML", {**_NAMESPACES, "level": str(LEVEL), "version": str(VERSION)})
    models, runs, tasks, data, outputs = (
        ET.SubElement(root, f"listOf{what}")
        for what in ("Models", "Simulations", "Tasks", "DataGenerators", "Outputs")
    )
    for horizon_h in sorted({course.model.horizon_h for course in courses}):
        _add_run(runs, horizon_h)
    for course in courses:
        title = course.title
        _add_model(models, course, title, f"{folder}/{course.model.name}.xml")
        run = _run(course.model.horizon_h)
        task = {"modelReference": f"model_{course.name}", "simulationReference": run}
        ET.SubElement(tasks, "task", {"id": f"task_{course.name}", "name": title, **task})
        for state in ("time", *course.model.structure.states):
            _add_data(data, course, state)
        _add_report(outputs, course, title)
        _add_plot(outputs, course, title)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def label(state: str) -> str:
    """A state, or time, with its unit."""
    unit = "h" if state == "time" else QUANTITIES[state].unit
    return state if unit == "1" else f"{state} ({unit})"


def _run(horizon_h: float) -> str:
    """The name of a run from 0 to a horizon."""
    return "week" if horizon_h == HORIZON_H else f"hours_{horizon_h:g}".replace(".", "_")


def _add_run(parent: ET.Element, horizon_h: float) -> None:
    span = {"initialTime": "0", "outputStartTime": "0", "outputEndTime": f"{horizon_h:g}"}
    points = {"numberOfPoints": str(n_steps(horizon_h))}
    run = ET.SubElement(parent, "uniformTimeCourse", {"id": _run(horizon_h), **span, **points})
    algorithm = ET.SubElement(run, "algorithm", {"kisaoID": CVODE})
    settings = ET.SubElement(algorithm, "listOfAlgorithmParameters")
    for kisao, value in TOLERANCES.items():
        ET.SubElement(settings, "algorithmParameter", {"kisaoID": kisao, "value": value})


def _add_model(parent: ET.Element, course: ReferenceCourse, title: str, source: str) -> None:
    known = {"id": f"model_{course.name}", "name": title, "language": _SBML, "source": source}
    model = ET.SubElement(parent, "model", known)
    changes = ET.SubElement(model, "listOfChanges") if course.changes else None
    for name, value in course.changes.items():
        assert changes is not None
        aim = f"{_MODEL}/sbml:listOfParameters/sbml:parameter[@id='{name}']/@value"
        ET.SubElement(changes, "changeAttribute", {"target": aim, "newValue": value})


def _add_data(parent: ET.Element, course: ReferenceCourse, state: str) -> None:
    name = f"{state}_{course.name}"
    generator = ET.SubElement(parent, "dataGenerator", {"id": name, "name": label(state)})
    aim = (
        {"symbol": _TIME}
        if state == "time"
        else {"target": f"{_MODEL}/{_place(state)}[@id='{state}']"}
    )
    ET.SubElement(
        ET.SubElement(generator, "listOfVariables"),
        "variable",
        {"id": f"v_{name}", "name": label(state), "taskReference": f"task_{course.name}", **aim},
    )
    math = ET.SubElement(generator, "math", {"xmlns": _MATHML})
    ET.SubElement(math, "ci").text = f"v_{name}"


def _place(state: str) -> str:
    """Where in a model a state is."""
    if QUANTITIES[state].is_concentration:
        return "sbml:listOfSpecies/sbml:species"
    return "sbml:listOfParameters/sbml:parameter"


def _add_report(parent: ET.Element, course: ReferenceCourse, title: str) -> None:
    known = {"id": f"report_{course.name}", "name": f"{title}: every state"}
    columns = ET.SubElement(ET.SubElement(parent, "report", known), "listOfDataSets")
    for state in ("time", *course.model.structure.states):
        name = f"{state}_{course.name}"
        column = {"id": f"column_{name}", "name": label(state), "label": state}
        ET.SubElement(columns, "dataSet", {**column, "dataReference": name})


def _add_plot(parent: ET.Element, course: ReferenceCourse, title: str) -> None:
    words = f"{title}: cytokines (pg/mL) over time (h)"
    plot = ET.SubElement(parent, "plot2D", {"id": f"plot_{course.name}", "name": words})
    curves = ET.SubElement(plot, "listOfCurves")
    for state in PLOTTED:
        name = f"{state}_{course.name}"
        words = f"{QUANTITIES[state].words} ({QUANTITIES[state].unit})"
        axes = {"xDataReference": f"time_{course.name}", "yDataReference": name}
        linear = {"logX": "false", "logY": "false"}
        ET.SubElement(curves, "curve", {"id": f"curve_{name}", "name": words, **linear, **axes})
