"""A drug of one's own as exported: read and run by other tools to the reference beside it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import alone

from qsp_lib.__main__ import main
from qsp_lib.export.optional import library
from qsp_lib.export.sbml import problems
from qsp_lib.prediction.predicting import predict
from qsp_lib.protocol.lock import current_record

pytestmark = pytest.mark.interop
Printed = pytest.CaptureFixture[str]
GIVEN = ("--horizon", "200h", "--tocilizumab", "-12h")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive and the model of the subcutaneous template."""
    path = tmp_path_factory.mktemp("own")
    assert main(["new-drug", str(path / "own.toml"), "--exposure", "subcutaneous"]) == 0
    out = str(path / "out")
    assert main(["export", str(path / "own.toml"), *GIVEN, "--output", out]) == 0
    return path


def test_the_model_is_valid_and_says_what_it_rests_on(folder: Path) -> None:
    text = (folder / "out" / "my-drug-clinical.xml").read_text()
    assert not [p for p in problems(text) if not p.startswith("Warning")]
    document = library("libsbml").readSBMLFromString(text)
    notes = document.getModel().getNotesString()
    assert current_record().digest in notes and "Not for choosing a dose" in notes


def test_the_reference_is_what_predict_says(folder: Path) -> None:
    found = predict(
        folder / "own.toml", current_record(), tocilizumab_h=-12.0, horizon_h=200.0, n_draws=0
    )
    with zipfile.ZipFile(folder / "out" / "my-drug-clinical.omex") as archive:
        names = [n for n in archive.namelist() if n.startswith("reference/")]
        assert len(names) == 2
        for name in names:
            rows = np.genfromtxt(
                io.StringIO(archive.read(name).decode()), delimiter=",", names=True
            )
            arm = found.treated if "rescue" in name else found.untreated
            assert arm is not None
            assert rows["time"][-1] == 212
            highest = rows["IL6"].max() + 5.2
            assert highest == pytest.approx(arm.peaks["IL6"].central, rel=5e-3)
            per_volume = rows["A_c"].max() / found.setting.inputs.V1
            assert per_volume == pytest.approx(arm.peaks["C"].central, rel=1e-3)


def test_libroadrunner_runs_it_to_the_reference(folder: Path) -> None:
    pytest.importorskip("roadrunner")
    script = (
        "import sys, numpy, roadrunner; m = roadrunner.RoadRunner(sys.argv[1]); "
        "m.integrator.relative_tolerance = 1e-9; m.integrator.absolute_tolerance = 1e-12; "
        "m.integrator.setValue('maximum_time_step', 1.0); "
        "m.timeCourseSelections = ['time', '[IL6]', 'A_c']; "
        "answer(numpy.array(m.simulate(0, 212, 425)).max(axis=0)[1:].tolist())"
    )
    il6, amount = alone(script, folder / "out" / "my-drug-clinical.xml")
    with zipfile.ZipFile(folder / "out" / "my-drug-clinical.omex") as archive:
        text = archive.read("reference/my_drug_clinical.csv").decode()
    rows = np.genfromtxt(io.StringIO(text), delimiter=",", names=True)
    assert (il6, amount) == pytest.approx((rows["IL6"].max(), rows["A_c"].max()), rel=1e-4)


def test_what_is_of_one_drug_is_refused_without_one(capsys: Printed, tmp_path: Path) -> None:
    assert main(["export", "--tocilizumab", "6h", "--output", str(tmp_path / "x")]) == 1
    assert "--tocilizumab was given without a drug" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
