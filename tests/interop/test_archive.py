"""The COMBINE archive: read by libCombine and libSEDML, run by engines that are not ours."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import alone

from qsp_lib.export import combine, everything, sedml
from qsp_lib.export.courses import n_steps, reference_courses
from qsp_lib.model.parts.exposure import TABLE
from qsp_lib.model.simulation import HORIZON_H
from qsp_lib.protocol.lock import current_record

pytestmark = pytest.mark.interop

ROOT = Path(__file__).resolve().parents[2]
EXPORTS = ROOT / "exports"
RECORD = current_record()


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def numbers(csv: bytes) -> np.ndarray:
    return np.array([row.split(",") for row in csv.decode().splitlines()[1:]], dtype=float)


def edited(
    path: Path, member: str, pattern: str, new: str | Callable[[re.Match[str]], str]
) -> Path:
    """A copy of the committed archive with one member changed."""
    files = members((EXPORTS / combine.NAME).read_bytes())
    text, n = re.subn(pattern, new, files[member].decode())
    assert n >= 1
    files[member] = text.encode()
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return path


def second_engine(archive: Path, *more: str) -> subprocess.CompletedProcess[str]:
    script = ROOT / "interop" / "second_engine.py"
    return subprocess.run(
        [sys.executable, str(script), str(archive), *more],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_libcombine_reads_what_is_in_it() -> None:
    found = alone(
        """
        import sys, libcombine
        reader = libcombine.CombineArchive()
        assert reader.initializeFromArchive(sys.argv[1])
        about = reader.getMetadataForLocation(".")
        answer({
            "places": [str(place) for place in reader.getAllLocations()],
            "master": reader.getMasterFile().getLocation(),
            "words": about.getDescription(),
            "created": about.getCreated().getDateAsString(),
        })
        """,
        str(EXPORTS / combine.NAME),
    )
    assert {f"./reference/{course.name}.csv" for course in reference_courses(RECORD)} <= set(
        found["places"]
    )
    assert found["master"] == f"./{combine.SIMULATIONS}"
    assert RECORD.digest in found["words"]
    assert found["created"].startswith(RECORD.date)


READ_SEDML = """
    import sys, libsedml
    d = libsedml.readSedMLFromString(sys.stdin.read())
    week = d.getSimulation("week")
    models = [d.getModel(i) for i in range(d.getNumModels())]
    outputs = [d.getOutput(i) for i in range(d.getNumOutputs())]
    answer({
        "problems": [d.getError(i).getMessage() for i in range(d.getNumErrors())],
        "tasks": [d.getTask(i).getId() for i in range(d.getNumTasks())],
        "outputs": [output.getId() for output in outputs],
        "columns": [o.getNumDataSets() for o in outputs if o.isSedReport()],
        "changed": [model.getId() for model in models if model.getNumChanges()],
        "end": week.getOutputEndTime(), "steps": week.getNumberOfPoints(),
        "math": sorted({libsedml.formulaToString(g.getMath()) == g.getVariable(0).getId()
                        for g in map(d.getDataGenerator, range(d.getNumDataGenerators()))}),
    })
"""


def test_libsedml_reads_one_task_report_and_plot_a_course() -> None:
    found = alone(READ_SEDML, given=sedml.simulations(reference_courses(RECORD)))
    names = [course.name for course in reference_courses(RECORD)]
    assert found == {
        "problems": [],
        "tasks": [f"task_{name}" for name in names],
        "outputs": [f"{kind}_{name}" for name in names for kind in ("report", "plot")],
        "columns": [1 + len(c.model.structure.states) for c in reference_courses(RECORD)],
        "changed": [
            f"model_{course.name}"
            for course in reference_courses(RECORD)
            if course.rescue or course.steroid
        ],
        "end": HORIZON_H,
        "steps": n_steps(HORIZON_H),
        "math": [True],
    }


def test_a_file_that_is_not_sedml_has_problems() -> None:
    text = sedml.simulations(reference_courses(RECORD)).replace("<task ", "<tusk ", 1)
    assert alone(READ_SEDML, given=text)["problems"]


def test_the_exports_are_made_again_to_the_byte() -> None:
    """The reference, which is integrated, to a hair: another machine may round otherwise."""
    made = everything.everything(RECORD)
    committed = {path: (EXPORTS / path).read_bytes() for path in made}
    for files in (made, committed):
        files.pop(everything.MANIFEST)
        files |= {f"in the archive: {k}": v for k, v in members(files.pop(combine.NAME)).items()}
    assert set(made) == set(committed)
    for path, data in made.items():
        if path.endswith(".csv") and "reference/" in path:
            found, expected = numbers(data), numbers(committed[path])
            largest = np.abs(expected).max(axis=0)  # of each state: by it a solver's steps go
            assert found.shape == expected.shape
            assert np.all(np.abs(found - expected) <= 1e-7 * np.abs(expected) + 1e-10 * largest)
        else:
            assert data == committed[path], f"{path} differs: run make exports"


def test_two_engines_agree_with_scipy_in_every_state_of_every_course(tmp_path: Path) -> None:
    table = tmp_path / "table.json"
    ran = second_engine(EXPORTS / combine.NAME, "--write", str(table))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    made = json.loads(table.read_text(encoding="utf-8"))
    known = json.loads((EXPORTS / "second_engine.json").read_text(encoding="utf-8"))
    assert made["archive_sha256"] == known["archive_sha256"]
    assert made["titles"] == known["titles"]
    for engine in made["engines"].values():
        assert max(max(of.values()) for of in engine["differences"].values()) < made["limit"]
    assert set(made["doubled"]) == {course.name for course in reference_courses(RECORD)}
    for course in reference_courses(RECORD):
        of, given = made["doubled"][course.name], course.model.treatment
        assert ("hill" in of) == (given.drug.h == 1), course.name
        assert ("dose_factor" in of) == (TABLE not in given.structure.exposure), course.name
        assert max(of.values()) < 1e-6, f"{course}: COPASI multiplies a parameter into the model"


@pytest.mark.parametrize(
    ("member", "pattern", "new"),
    [
        # the first dose of the infusion is lost
        ("sbml/tgn1412_clinical.xml", 'initialValue="false"', 'initialValue="true"'),
        # a locked value is off by 0.1 %
        (
            "sbml/okt3_double.xml",
            r'(id="d_TNF" [^>]*\bvalue=")([^"]*)',
            lambda found: f"{found[1]}{1.001 * float(found[2])!r}",
        ),
        # the rescue is not given
        ("simulations.sedml", 'newValue="1"', 'newValue="0"'),
    ],
)
def test_a_difference_would_be_found(
    tmp_path: Path, member: str, pattern: str, new: str | Callable[[re.Match[str]], str]
) -> None:
    archive = edited(tmp_path / "edited.omex", member, pattern, new)
    ran = second_engine(archive)
    assert ran.returncode == 1 and "FAILS" in ran.stdout, ran.stdout + ran.stderr


def test_an_engine_that_takes_a_changed_parameter_otherwise_would_be_found() -> None:
    """An engine put in the place of COPASI, which does not change the parameter at all."""
    found = alone(
        """
        import sys, tempfile
        from pathlib import Path
        sys.path.insert(0, sys.argv[1])
        import second_engine
        engines = second_engine.ENGINES
        engines["COPASI"] = lambda *given: engines["libroadrunner"](*given[:3])
        with tempfile.TemporaryDirectory() as place:
            found = second_engine.doubled(second_engine.unpack(Path(sys.argv[2]), Path(place)))
        answer(found)
        """,
        str(ROOT / "interop"),
        str(EXPORTS / combine.NAME),
    )
    assert min(of["dose_factor"] for of in found.values() if "dose_factor" in of) > 0.1
    assert found["blinatumomab_clinical"]["hill"] > 0.1


def test_a_course_that_is_no_number_does_not_agree() -> None:
    found = alone(
        """
        import math, sys
        sys.path.insert(0, sys.argv[1])
        from second_engine import relative_difference
        import numpy as np
        one, zero = np.ones(3), np.zeros(3)
        bad = np.array([1.0, np.nan, 1.0])
        gaps = [relative_difference(*pair) for pair in ((bad, one), (bad * 0, zero), (one, bad))]
        answer([math.isinf(gap) for gap in gaps] + [relative_difference(one, one)])
        """,
        str(ROOT / "interop"),
    )
    assert found == [True, True, True, 0.0]


def test_an_archive_that_is_not_there_is_named(tmp_path: Path) -> None:
    ran = second_engine(tmp_path / "none.omex")
    assert ran.returncode == 1
    assert "none.omex" in ran.stderr and "Traceback" not in ran.stderr
