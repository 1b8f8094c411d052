"""The PEtab problems by libpetab and libroadrunner: valid, and the fit's own objective."""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import petab.v2
import pytest

from qsp_lib.export import petab as problems
from qsp_lib.protocol.lock import current_record

pytestmark = pytest.mark.interop
ROOT = Path(__file__).resolve().parents[2]
PROBLEMS = ROOT / "exports" / problems.FOLDER


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that evaluates the problems without this project."""
    path = ROOT / "interop" / "petab_objective.py"
    spec = importlib.util.spec_from_file_location("petab_objective", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(path.parent)  # as Python does for a script that it runs
        spec.loader.exec_module(module)
    return module


def test_the_committed_problems_are_current_models_included() -> None:
    for name, text in problems.files(current_record()).items():
        assert (PROBLEMS / name).read_text(encoding="utf-8") == text, f"{name}: make exports"


@pytest.mark.parametrize("version", [problems.V1, problems.V2])
def test_petablint_accepts_them(version: str) -> None:
    lint = [sys.executable, "-m", "petab.petablint", str(PROBLEMS / version / "problem.yaml")]
    done = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_objective_is_the_fits_at_every_point(script: ModuleType) -> None:
    found = script.compare(PROBLEMS)
    assert len(found["points"]) == 5
    for one in found["versions"].values():
        assert one["lint"] == []
        assert max(one["difference"].values()) < found["limit"] == 1e-6
        assert min(one["first"].values()) > 0.1


@pytest.mark.parametrize("version", [problems.V1, problems.V2])
def test_nominal_values_are_the_first_point(script: ModuleType, version: str) -> None:
    evaluate = script.VERSIONS[version][0]
    first = json.loads((PROBLEMS / "expected.json").read_text(encoding="utf-8"))["points"][0]
    found = evaluate(PROBLEMS / version, {})
    for part in script.PARTS:
        assert found[part] == pytest.approx(first[part], rel=1e-6)


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("v1/measurements.tsv", replaced("\t0.25\t", "\t0.26\t")),
        ("v2/measurements.tsv", replaced("\t0.5756462732485115\t", "\t0.58\t")),
        ("v1/conditions.tsv", replaced("\t96000.0\t", "\t97000.0\t")),
        ("v2/conditions.tsv", replaced("\t96000.0", "\t97000.0")),
        ("v1/conditions.tsv", replaced("\t0.075", "\t0.076")),
        ("v2/experiments.tsv", replaced("\t0.075\t", "\t0.076\t")),
        ("v1/observables.tsv", replaced("TNF + baseline_TNF", "TNF + baseline_IL6")),
        ("v2/parameters.tsv", replaced(";0.4\n", ";0.5\n")),
        ("v1/model.xml", replaced("<times/>", "<plus/>")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_changed_sigma_dose_time_baseline_prior_or_equation_is_seen(
    script: ModuleType, tmp_path: Path, file: str, change: Callable[[str], str]
) -> None:
    shutil.copytree(PROBLEMS, tmp_path / "petab")
    path = tmp_path / "petab" / file
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    expected = json.loads((PROBLEMS / "expected.json").read_text(encoding="utf-8"))
    evaluate = script.VERSIONS[file[:2]][0]
    found = evaluate(path.parent, expected["points"][0]["log10_parameters"])
    shifts = [abs(found[p] / expected["points"][0][p] - 1) for p in script.PARTS]
    assert max(shifts) > 10 * expected["relative_tolerance"]


def test_an_objective_that_is_no_number_does_not_agree(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever among the points it is."""
    expected = json.loads((PROBLEMS / "expected.json").read_text(encoding="utf-8"))["points"]
    for spoilt in (0, 2):
        found = [{part: point[part] for part in script.PARTS} for point in expected]
        found[spoilt]["data"] = math.nan
        answers = iter(found)
        fake = {"v2": (lambda *_, answers=answers: next(answers), lambda _: [])}
        monkeypatch.setattr(script, "VERSIONS", fake)
        made = script.compare(PROBLEMS)["versions"]["v2"]["difference"]
        assert made == {"misfit": 0.0, "data": math.inf, "priors": 0.0}


def test_an_invalid_problem_has_its_fault_named(script: ModuleType, tmp_path: Path) -> None:
    shutil.copytree(PROBLEMS, tmp_path / "petab")
    for version in (problems.V1, problems.V2):
        path = tmp_path / "petab" / version / "observables.tsv"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("level_IFN", "level_of_nothing"), encoding="utf-8")
        complain = script.VERSIONS[version][1]
        assert "level_IFN" in " ".join(complain(path.parent))
        assert complain(PROBLEMS / version) == []


def test_a_dose_on_the_way_is_given_by_a_period(script: ModuleType, tmp_path: Path) -> None:
    """The dose as a bolus when the infusion would end: a little later, and near after hours."""
    shutil.copytree(PROBLEMS / problems.V2, tmp_path / "v2")
    path = tmp_path / "v2" / "conditions.tsv"
    text = path.read_text(encoding="utf-8")
    text = replaced("tgn1412_clinical_1\tu\t96000.0", "tgn1412_clinical_1\tu\t0.0")(text)
    text = replaced(
        "tgn1412_clinical_2\tu\t0.0",
        "tgn1412_clinical_2\tu\t0.0\ntgn1412_clinical_2\tA_c\tA_c + 7200.0",
    )(text)
    path.write_text(text, encoding="utf-8")
    assert not petab.v2.lint_problem(tmp_path / "v2" / "problem.yaml")
    both = [script.version_2(folder, {}) for folder in (PROBLEMS / "v2", tmp_path / "v2")]
    assert both[1]["misfit"] != both[0]["misfit"]
    assert both[1]["misfit"] == pytest.approx(both[0]["misfit"], abs=0.2)
