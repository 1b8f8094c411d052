"""The tables of the PEtab problems are the fit's own files, and its objective is expected."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from qsp_lib.calibration.joint_fit import estimated, make_problem
from qsp_lib.common.errors import InputError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.evidence.observations import load_observations
from qsp_lib.export import petab, petab_expected, petab_tables, sbml
from qsp_lib.export.formula import identifier
from qsp_lib.inference.fitting import Problem
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.equations import DRUG
from qsp_lib.model.severity import baselines
from qsp_lib.protocol.lock import current_record, locked_point
from qsp_lib.protocol.locking import FITTED

ROOT = Path(__file__).resolve().parents[2]
PROBLEMS = ROOT / "exports" / petab.FOLDER
RECORD = current_record()
KEPT = [o for o in load_observations() if petab_expected.expressible(o)]
DRUGS = tuple(drug for drug in FITTED if any(o.drug == drug for o in KEPT))


@cache
def tables() -> dict[str, str]:
    """The tables as they are written now, by path."""
    return petab.tables(RECORD)


@cache
def problem_of_the_fit() -> Problem:
    """The part of the joint fit that the tables hold."""
    return make_problem(DRUGS)


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(tables()[name].splitlines(), delimiter="\t"))


def test_the_committed_tables_are_current() -> None:
    for name, text in tables().items():
        found = (PROBLEMS / name).read_text(encoding="utf-8")
        assert found == text, f"{name} is not current: run make exports"
    there = {p.relative_to(PROBLEMS).as_posix() for p in PROBLEMS.rglob("*") if p.is_file()}
    assert there == set(tables()) | {f"{v}/{petab.MODEL}" for v in (petab.V1, petab.V2)}


def test_the_models_are_the_network_with_and_without_a_stop() -> None:
    network = (ROOT / "exports" / "sbml" / "network.xml").read_bytes()
    assert (PROBLEMS / petab.V2 / petab.MODEL).read_bytes() == network
    assert sbml.STOP_TIME not in network.decode()
    with_stop = (PROBLEMS / petab.V1 / petab.MODEL).read_text(encoding="utf-8")
    assert "<event " not in with_stop and f'id="{sbml.STOP_TIME}"' in with_stop
    assert '<assignmentRule sboTerm="SBO:0000064" variable="u">' in with_stop


@pytest.mark.parametrize(("version", "decade"), [(petab.V1, 1.0), (petab.V2, math.log(10))])
def test_every_measurement_is_an_observation_to_the_last_digit(version: str, decade: float) -> None:
    """The standard deviation is of log10 in version 1, of the natural logarithm in version 2."""
    found = {row["evidenceId"]: row for row in rows(f"{version}/measurements.tsv")}
    assert list(found) == [o.id for o in KEPT]
    for o in KEPT:
        row = found[o.id]
        assert float(row["time"]) == o.time_h
        assert float(row["measurement"]) == o.value_pg_mL
        assert float(row["noiseParameters"]) == decade * o.sigma_log10
        assert row["observableId"] == f"level_{o.analyte}"
        assert f"{o.drug}_{o.regimen}" in row.values()


@pytest.mark.parametrize("version", [petab.V1, petab.V2])
def test_every_parameter_of_the_fit_has_its_prior_and_its_locked_value(version: str) -> None:
    found = {row["parameterId"]: row for row in rows(f"{version}/parameters.tsv")}
    problem, spelt = problem_of_the_fit(), petab_expected.parameter_id
    locked = dict(zip(problem.names, locked_point(RECORD, problem), strict=True))
    bounds_of = dict(
        zip(problem.names, np.stack([problem.lower, problem.upper], axis=1), strict=True)
    )
    for name, prior in estimated(DRUGS).items():
        row = found.pop(("log10_" if version == petab.V2 else "") + spelt(name))
        both = [row["lowerBound"], row["nominalValue"], row["upperBound"]]
        bounds = [float(text) for text in both]
        if version == petab.V2:
            bounds = [10.0**value for value in bounds]
        low, value, high = bounds
        assert value == pytest.approx(10.0 ** locked[name], rel=1e-12)
        assert [low, high] == pytest.approx(list(10.0 ** bounds_of[name]), rel=1e-11)
        written = row["priorParameters" if version == petab.V2 else "objectivePriorParameters"]
        mean, sd = map(float, written.split(";"))
        assert (mean, sd) == pytest.approx((math.log10(prior.median), prior.log10_sd), abs=1e-13)
        assert row["estimate"] in ("true", "1")
    fixed = {name: float(row["nominalValue"]) for name, row in found.items()}
    steep = {name: getattr(RECORD.network, name) for name in ("n_M", "n_S")}
    assert fixed == steep | {f"baseline_{a}": level for a, level in baselines().items()}
    assert {row["estimate"] for row in found.values()} <= {"false", "0"}


def test_the_periods_give_the_doses_of_the_drug_files() -> None:
    changes = {}
    for row in rows("v2/conditions.tsv"):
        if row["targetId"] in ("u", "A_c"):
            changes[row["conditionId"], row["targetId"]] = float(row["targetValue"])
    for drug in DRUGS:
        regimen = load_drug(drug).regimens["clinical"]
        periods = [
            (float(row["time"]), changes[row["conditionId"], "u"])
            for row in rows("v2/experiments.tsv")
            if row["experimentId"] == f"{drug}_clinical" and (row["conditionId"], "u") in changes
        ]
        assert periods[-1][1] == 0
        ends = [time for time, _ in periods[1:]]
        given = sum(
            rate * (end - start) for (start, rate), end in zip(periods[:-1], ends, strict=True)
        )
        assert given == pytest.approx(regimen.total_ug, rel=1e-14)
        (in_one,) = [r for r in rows("v1/conditions.tsv") if r["conditionId"] == f"{drug}_clinical"]
        assert float(in_one["u_until_stop"]) * float(in_one["t_stop"]) == pytest.approx(
            regimen.total_ug
        )


def test_a_drugs_inputs_are_the_locked_ones() -> None:
    for drug in DRUGS:
        (found,) = [r for r in rows("v1/conditions.tsv") if r["conditionId"] == f"{drug}_clinical"]
        inputs = RECORD.drug(drug)
        for name in DRUG:
            value = inputs.values()[name]
            if f"{drug}.{name}" in problem_of_the_fit().names:
                assert found[identifier(name)] == f"{drug}_{name}"
            elif name in problem_of_the_fit().names:
                assert name not in found  # one value for all drugs
            else:
                assert float(found[identifier(name)]) == value
        assert float(found["bispecific"]) == (inputs.mechanism == "bispecific")


def test_one_infusion_is_all_that_version_1_can_say() -> None:
    both = Regimen.of(Bolus(0, 100.0), Infusion(0, 2.0, 50.0))
    assert petab_tables.as_one_infusion(both) == (100.0, 25.0, 2.0)
    assert petab_tables.as_one_infusion(Regimen.of(Bolus(0, 7.0))) == (7.0, 0.0, 0.0)
    for regimen in (
        Regimen.of(Bolus(0, 1.0), Bolus(24, 1.0)),
        Regimen.of(Infusion(1.0, 2.0, 50.0)),
        load_drug("blinatumomab").regimens["step"],
    ):
        with pytest.raises(InputError, match="PEtab 1 cannot express"):
            petab_tables.as_one_infusion(regimen)


def test_what_is_left_out_is_what_is_bounded_a_peak_or_a_median_above_a_floor() -> None:
    missing = petab.left_out(RECORD)
    assert {one.observation.id for one in missing} == {
        o.id
        for o in load_observations()
        if o.is_censored or o.kind == "peak" or o.assay_floor_pg_mL is not None
    }
    assert len(missing) + len(KEPT) == len(load_observations())
    for one in missing:
        assert f"| {one.observation.id} |" in tables()["README.md"]
    whole = petab.shares(RECORD)
    assert sum(one.share for one in missing) == pytest.approx(whole.left_out, rel=1e-12)
    assert whole.whole == pytest.approx(RECORD.cost, rel=1e-6)
    assert (whole.priors_left_out == 0) == (DRUGS == FITTED)


def test_the_expected_objective_is_the_fits_without_what_is_left_out() -> None:
    """The interpolation of the peaks' course apart, it is the same sum of squares."""
    points = json.loads(tables()["expected.json"])["points"]
    whole = petab.shares(RECORD)
    assert points[0]["misfit"] == pytest.approx(whole.expressed, rel=1e-6)
    assert len({point["misfit"] for point in points}) == len(points)


def test_the_expected_likelihood_and_priors_are_those_of_the_densities() -> None:
    """One level with residual 0, priors at their means: the constants in closed form."""
    problem = problem_of_the_fit()
    theta = problem.prior_mean
    found = petab_expected.objective(problem, theta)
    residuals = problem.residuals
    predicted = dict(
        zip(
            [o.id for o in residuals.observations],  # type: ignore[attr-defined]
            residuals.predictions(theta)[0][0],  # type: ignore[attr-defined]
            strict=True,
        )
    )
    data = 0.0
    for o in KEPT:
        z = (predicted[o.id] - math.log10(o.value_pg_mL)) / o.sigma_log10
        density = math.exp(-0.5 * z**2) / (o.sigma_log10 * math.sqrt(2 * math.pi))
        data -= math.log(density / (o.value_pg_mL * math.log(10)))
    assert found.data == pytest.approx(data, rel=1e-6)
    # a bound three decades from the mean, but for a steepness, which is no less than 1
    edges = zip(problem.lower - theta, problem.upper - theta, problem.prior_sd, strict=True)
    normal = [
        math.log(
            sd
            * math.sqrt(2 * math.pi)
            * 0.5
            * (math.erf(high / sd / math.sqrt(2)) - math.erf(low / sd / math.sqrt(2)))
        )
        for low, high, sd in edges
    ]
    assert found.priors == pytest.approx(sum(normal), rel=1e-12)


def test_amici_agreed_on_the_problems_it_evaluated() -> None:
    # it needs a compiler, so the page says if the problems have changed since
    made = json.loads((ROOT / "exports" / "petab_amici.json").read_text(encoding="utf-8"))
    expected = json.loads(tables()["expected.json"])["points"]
    assert made["points"] == [point["name"] for point in expected]
    parts = {name: set(found["difference"]) for name, found in made["versions"].items()}
    assert parts == {petab.V1: {"data", "priors"}, petab.V2: {"data"}}
    for found in made["versions"].values():
        assert max(found["difference"].values()) < petab_expected.AGREEMENT


def test_the_other_tools_evaluated_these_problems_and_agreed() -> None:
    made = json.loads((ROOT / "exports" / "petab_objective.json").read_text(encoding="utf-8"))
    assert made["problems_sha256"] == petab.digest_of(PROBLEMS), "run make exports"
    expected = json.loads(tables()["expected.json"])
    assert made["points"] == [point["name"] for point in expected["points"]]
    assert made["limit"] == petab_expected.AGREEMENT == 1e-6
    assert set(made["versions"]) == {petab.V1, petab.V2}
    for found in made["versions"].values():
        assert found["lint"] == []
        assert max(found["difference"].values()) < made["limit"]
        for part, value in found["first"].items():
            assert value == pytest.approx(expected["points"][0][part], rel=1e-5)


def test_a_cell_that_would_break_a_table_is_refused() -> None:
    for cell in ("two\tcells", 'a "quote"', float("nan"), np.inf):
        with pytest.raises(InputError, match="a PEtab cell is"):
            petab_tables.tsv([{"one": cell}])
    with pytest.raises(InputError, match="a row has the columns"):
        petab_tables.tsv([{"one": 1.0}, {"other": 1.0}])


def test_a_bolus_is_added_to_what_is_there_but_for_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Conditions of a first period may hold nothing but parameters."""
    file = load_drug("blinatumomab")
    regimen = Regimen.of(Bolus(0, 5.0), Bolus(24, 6.0))
    changed = replace(file, regimens=dict(file.regimens) | {"clinical": regimen})
    monkeypatch.setattr(petab_tables, "load_drug", lambda name: changed)
    kept = tuple(o for o in load_observations() if o.drug == "blinatumomab")[:8]
    problem = make_problem(FITTED)
    doses = [
        (row["conditionId"], row["targetValue"])
        for row in petab_tables._conditions_2(RECORD, problem, kept)
        if row["targetId"] == "A_c"
    ]
    assert doses == [("blinatumomab_clinical_1", "5.0"), ("blinatumomab_clinical_2", "A_c + 6.0")]
    times = [row["time"] for row in petab_tables._experiments(kept)]
    assert times == [0.0, 0.0, 0.0, 24.0]
