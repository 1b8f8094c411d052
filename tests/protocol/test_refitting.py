"""The fit with one declared thing changed: made again from its start, and kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qsp_lib.calibration.candidates import CANDIDATES
from qsp_lib.calibration.open_facts import FACTS
from qsp_lib.calibration.sensitivities import SENSITIVITIES, Sensitivity, changeable
from qsp_lib.common.errors import LockError
from qsp_lib.inference.fitting import Problem
from qsp_lib.protocol import refitting
from qsp_lib.protocol.developing import development_inputs
from qsp_lib.protocol.refitting import keep_sensitivities, read_sensitivities, refitted

DATE = "2030-01-01"
CASES = SENSITIVITIES[:2]


def few_rows(problem: Problem) -> Problem:
    """Three published values of TGN1412 alone, which is quick to fit."""
    changed = changeable(problem)
    fit: Any = changed.residuals
    few = tuple(o for o in fit.observations if o.id in ("TO007", "TO008", "TO013"))
    return replace(changed, residuals=replace(fit, observations=few))


def test_a_changed_fit_is_at_its_optimum_and_judged_there() -> None:
    problem = CANDIDATES["gated"].problem(1e-6)
    start = problem.prior_mean
    found = refitted(Sensitivity("few", "few rows", (), few_rows), problem, start, other_starts=0)
    changed = few_rows(problem)
    theta = np.array(found["theta_log10"])
    assert found["cost"] == pytest.approx(changed.cost(theta)[0])
    assert found["cost"] < 0.5 * changed.cost(start)[0]
    assert found["converged"] and found["costs_of_starts"][0] == found["cost"]
    assert set(found["facts"]) == set(FACTS) and set(found["rms_log10"]) == {"tgn1412"}
    json.dumps(found, allow_nan=False)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cases that were fitted, each in an instant."""
    done: list[str] = []

    def at_once(case: Sensitivity, *_: Any) -> dict[str, Any]:
        done.append(case.name)
        return {"name": case.name, "cost": 1.0}

    monkeypatch.setattr(refitting, "refitted", at_once)
    return done


def kept(folder: Path, cases: Sequence[Sensitivity] = CASES, **options: Any) -> Path:
    return keep_sensitivities(DATE, optimum=np.zeros(3), cases=cases, directory=folder, **options)


def test_what_is_kept_reads_back_and_is_not_made_again_unless_asked(
    asked: list[str], tmp_path: Path
) -> None:
    kept(tmp_path / "new")
    found = read_sensitivities(tmp_path / "new")
    assert [case["name"] for case in found["cases"]] == [case.name for case in CASES]
    assert found["made"] == DATE and "v2/observations.csv" in found["inputs"]
    with pytest.raises(LockError, match=r"sensitivities-v2\.json is there already"):
        kept(tmp_path / "new")
    assert len(asked) == len(CASES)
    kept(tmp_path / "new", again=True)


def test_a_run_goes_on_where_it_stopped(asked: list[str], tmp_path: Path) -> None:
    kept(tmp_path, SENSITIVITIES[1:2])
    kept(tmp_path)
    assert asked == [CASES[1].name, CASES[0].name]
    found = read_sensitivities(tmp_path)["cases"]
    assert [case["name"] for case in found] == [case.name for case in CASES]
    with pytest.raises(LockError, match="made with another 'starts'; .* begins anew"):
        kept(tmp_path, SENSITIVITIES, other_starts=7)


def test_without_a_kept_optimum_there_is_nothing_to_start_from(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="qsp-crs develop gated"):
        keep_sensitivities(DATE, directory=tmp_path)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda p: p.write_text(p.read_text().replace("1.0", "1.1")), "was edited"),
        (lambda p: p.write_text("[]"), "cannot be read"),
        (Path.unlink, "is missing; restore it, or make it with 'qsp-crs sensitivities'"),
    ],
)
def test_what_was_edited_or_taken_away_is_refused(
    asked: list[str], tmp_path: Path, act: Any, words: str
) -> None:
    act(kept(tmp_path))
    with pytest.raises(LockError, match=words):
        read_sensitivities(tmp_path)


def test_what_is_kept_in_the_package_is_of_every_case_and_of_these_inputs() -> None:
    found = read_sensitivities()
    assert [case["name"] for case in found["cases"]] == [case.name for case in SENSITIVITIES]
    assert found["inputs"] == development_inputs()
    declared, *others = found["cases"]
    assert declared["share_of_starts"] == 1.0 and all(declared["facts"].values())
    assert all(case["converged"] for case in found["cases"])
    # what is loosened costs no more than what it was loosened from
    by_name = {case["name"]: case["cost"] for case in others}
    assert max(by_name["limit"], by_name["no late rows"]) < declared["cost"]
