"""Exposure of every form a drug file may give, through the command line, against closed forms."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from own_drugs import content, number, with_doses, written
from scipy.special import lambertw

from qsp_lib.__main__ import main
from qsp_lib.common.errors import IntegrationError
from qsp_lib.prediction.first_dose import first_dose
from qsp_lib.prediction.goals import Goal
from qsp_lib.prediction.population import PopulationQuestion, populate
from qsp_lib.prediction.predicting import run
from qsp_lib.prediction.setting import prepare
from qsp_lib.protocol.lock import current_record

TIMES = (6.0, 24.0, 72.0, 168.0, 336.0)


def levels(
    capsys: pytest.CaptureFixture[str], path: Path, times: tuple[float, ...], *options: str
) -> tuple[list[float], dict[str, Any]]:
    """Exposure at times as ``predict --json`` prints it, and all that it prints."""
    asked = [word for time in times for word in ("--at", f"{time} h")]
    assert main(["predict", str(path), "--draws", "0", "--json", *asked, *options]) == 0
    answer = json.loads(capsys.readouterr().out)
    rows = answer["arms"]["untreated"]["levels_at"]
    assert [row["time_h"] for row in rows] == [*times]
    return [row["C"]["locked_point"] for row in rows], answer


def exposure(**numbers: tuple[float, str]) -> dict[str, Any]:
    return {name: number(*given) for name, given in numbers.items()}


def under_skin(k: float, k_a: float, over_volume: float, t: np.ndarray) -> np.ndarray:
    """One compartment after a dose under the skin; ``over_volume`` is F dose/V."""
    t = np.maximum(t, 0.0)
    return over_volume * k_a / (k_a - k) * (np.exp(-k * t) - np.exp(-k_a * t))


def forms() -> dict[str, tuple[dict[str, Any], list[dict[str, Any]], Any]]:
    """Pharmacokinetics, doses, and the closed form of the concentration (ng/mL) at times (h)."""
    iv = [{"bolus": "1 mg", "time": "0 h"}]
    lambda_1, lambda_2 = _exponents(0.5 / 24, 3.0, 2.5, 0.6 / 24)
    k_a, k = 0.133 / 24, 0.449 / 4.13 / 24
    fall = np.log(2) / (16.3 * 24)

    def two(t: np.ndarray) -> np.ndarray:
        k21 = 0.6 / 24 / 2.5
        weight = (lambda_1 - k21) / (lambda_1 - lambda_2)
        return 1000 / 3 * (weight * np.exp(-lambda_1 * t) + (1 - weight) * np.exp(-lambda_2 * t))

    def falling(t: np.ndarray) -> np.ndarray:
        gone = 0.584 / 24 * t + (1.08 - 0.584) / 24 * (1 - np.exp(-fall * t)) / fall
        return 1000 / 5.49 * np.exp(-gone / 5.49)

    def saturable(t: np.ndarray) -> np.ndarray:
        first = 1000 / 3 / 50
        return 50 * np.real(lambertw(first * np.exp(first - 20 / 3 / 50 * t)))

    def infused(t: np.ndarray) -> np.ndarray:
        k, length = 2 / 24 / 3.5, 12.0
        during = 1000 / length / 3.5 / k * (1 - np.exp(-k * np.minimum(t, length)))
        return during * np.exp(-k * np.maximum(t - length, 0.0))

    skin = [{"bolus": "100 mg", "time": "0 h", "route": "SC"}]
    depot = exposure(k_a=(0.133, "1/d"), F=(0.718, "1"), V1=(4.13, "L"), CL=(0.449, "L/d"))
    apparent = exposure(k_a=(0.133, "1/d"), V1=(4.13 / 0.718, "L"), CL=(0.449 / 0.718, "L/d"))
    over = 1e5 * 0.718 / 4.13
    return {
        "one compartment": (
            exposure(V1=(3.5, "L"), CL=(2, "L/d")),
            iv,
            lambda t: 1000 / 3.5 * np.exp(-2 / 24 / 3.5 * t),
        ),
        "half-life": (
            exposure(V1=(3100, "mL"), half_life=(2, "d")),
            iv,
            lambda t: 1000 / 3.1 * 0.5 ** (t / 48),
        ),
        "infusion": (
            exposure(V1=(3.5, "L"), CL=(2, "L/d")),
            [{"infusion": "1 mg", "time": "0 h", "duration": "12 h"}],
            infused,
        ),
        "rate per m2": (
            exposure(V1=(3.5, "L"), CL=(2, "L/d")),
            [{"rate": f"{1000 / 12 / 1.88} ug/m^2/h", "time": "0 h", "duration": "12 h"}],
            infused,
        ),
        "two compartments": (
            exposure(V1=(3, "L"), CL=(0.5, "L/d"), V2=(2.5, "L"), Q=(0.6, "L/d")),
            iv,
            two,
        ),
        "per kilogram": (
            exposure(V1=(3.5 / 70, "L/kg"), CL=(2 / 70, "L/d/kg")),
            [{"bolus": f"{1 / 70} mg/kg", "time": "0 h"}],
            lambda t: 1000 / 3.5 * np.exp(-2 / 24 / 3.5 * t),
        ),
        "subcutaneous": (depot, skin, lambda t: under_skin(k, k_a, over, t)),
        "apparent": (apparent | {"apparent": True}, skin, lambda t: under_skin(k, k_a, over, t)),
        "after a lag": (
            depot | exposure(lag=(5, "h")),
            skin,
            lambda t: under_skin(k, k_a, over, t - 5),
        ),
        "falling clearance": (
            exposure(
                V1=(5.49, "L"), CL=(0.584, "L/d"), CL_0=(1.08, "L/d"), half_life_CL=(16.3, "d")
            ),
            iv,
            falling,
        ),
        "saturable elimination": (
            exposure(V1=(3, "L"), Vmax=(20, "ug/h"), Km=(50, "ng/mL")),
            iv,
            saturable,
        ),
    }


def _exponents(CL: float, V1: float, V2: float, Q: float) -> tuple[float, float]:
    total, product = (CL + Q) / V1 + Q / V2, CL / V1 * Q / V2
    root = np.sqrt(total**2 - 4 * product)
    return (total + root) / 2, (total - root) / 2


EARLY = pytest.param(("--tocilizumab", "-36h"), marks=pytest.mark.thorough)


@pytest.mark.parametrize("form", forms())
@pytest.mark.parametrize("cover", [(), EARLY])
def test_exposure_is_the_closed_form_to_1e_5(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str, cover: tuple[str, ...]
) -> None:
    given, doses, closed_form = forms()[form]
    path = written(tmp_path, with_doses(doses, content(pharmacokinetics=given)))
    found, answer = levels(capsys, path, TIMES, *cover)
    np.testing.assert_allclose(found, closed_form(np.array(TIMES)), rtol=1e-5)
    peak = answer["arms"]["untreated"]["peaks"]["C"]
    at = np.array([peak["time_h"]["locked_point"]])
    assert peak["level"]["locked_point"] == pytest.approx(closed_form(at)[0], rel=1e-5)


@pytest.mark.parametrize(
    ("form", "known"),
    [
        ("subcutaneous", [560.847, 2049.031, 4828.130, 6953.925, 5989.766]),
        ("falling clearance", [173.4287, 149.9047, 102.6412, 50.0599, 15.8384]),
        ("saturable elimination", [298.8015, 199.1001, 13.5332]),
    ],
)
def test_the_closed_forms_have_their_known_values(form: str, known: list[float]) -> None:
    closed_form = forms()[form][2]
    np.testing.assert_allclose(closed_form(np.array(TIMES[: len(known)])), known, rtol=1e-5)


def test_the_peak_under_the_skin_is_where_it_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given, doses, _ = forms()["subcutaneous"]
    path = written(tmp_path, with_doses(doses, content(pharmacokinetics=given)))
    peak = levels(capsys, path, (6.0,))[1]["arms"]["untreated"]["peaks"]["C"]
    assert peak["level"]["locked_point"] == pytest.approx(7049.976, rel=1e-5)
    assert peak["time_h"]["locked_point"] == pytest.approx(199.252, abs=0.05)


def test_molar_units_are_of_the_drugs_molar_mass(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    doses = [{"bolus": "10 nmol", "time": "0 h"}]
    file = with_doses(doses) | {"molar_mass": number(150, "kDa")}
    file["potency"] = {"EC50": number(1, "nM"), "h": number(1, "1")}
    found, answer = levels(capsys, written(tmp_path, file), (0.0,))
    assert found[0] == pytest.approx(10 * 150 / 3.5)
    assert answer["used"]["EC50"] == pytest.approx(150)


@pytest.mark.parametrize(
    ("numbers", "fastest"), [({"k_a": 1e9}, 1e9), ({"CL": 0.0, "Vmax": 20.0, "Km": 1e-6}, 5.71e6)]
)
def test_what_cannot_be_solved_is_said_with_the_fastest_rate_of_the_drug(
    tmp_path: Path, numbers: dict[str, float], fastest: float
) -> None:
    route = "SC" if "k_a" in numbers else "IV"
    pk = exposure(V1=(3.5, "L"), CL=(2, "L/d"), **({"k_a": (1, "1/d")} if route == "SC" else {}))
    doses = [{"bolus": "1 mg", "time": "0 h", "route": route}]
    path = written(tmp_path, with_doses(doses, content(pharmacokinetics=pk)))
    made = prepare(path, current_record())
    made = replace(made, inputs=made.inputs.replace(**numbers))
    for ask in (
        lambda: run(made, n_draws=2),
        lambda: first_dose(made, Goal(1.5), n_draws=2),
        lambda: populate(PopulationQuestion(made, 2, 3, limit=1.0, least_effective=1.0)),
    ):
        with pytest.raises(IntegrationError) as failed:
            ask()
        assert "at the locked values could not be solved (" in str(failed.value)
        assert f"is {fastest:.3g} 1/h; look for a number whose unit" in str(failed.value)
        assert "select" not in str(failed.value)


@pytest.mark.parametrize("first", ["0 h", "36 h"])
@pytest.mark.parametrize("cover", [(), ("--tocilizumab", "-36h")])
def test_a_table_begins_with_the_first_dose_whatever_comes_before(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, first: str, cover: tuple[str, ...]
) -> None:
    (tmp_path / "own.csv").write_text("time (h),concentration (ng/mL)\n0,0\n10,100\n50,20\n200,0\n")
    table = {"table": {"file": "own.csv", "source": ["declared assumption"]}}
    doses = [{"bolus": "1 mg", "time": first}]
    path = written(tmp_path, with_doses(doses, content(pharmacokinetics=table)))
    start = float(first.removesuffix(" h"))
    times = (start + 5, start + 10, start + 30, start + 200)
    found, answer = levels(capsys, path, times, *cover)
    np.testing.assert_allclose(found, [50, 100, 60, 0], rtol=1e-6, atol=1e-6)
    assert answer["horizon_h"] == start + 200, "the table does not say what comes after"
    assert len(answer["file"]["table"]["sha256"]) == 64
