"""The incidences that are put on record: what is asked, what is written, and what it hangs on.

Held-back drugs are set up here and not simulated: flat blinatumomab stands in for each of them.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from qsp_lib.analyses.population import on_record
from qsp_lib.analyses.population.arms import record_arm
from qsp_lib.analyses.population.committed import (
    HELD_TO,
    LITTLE_DISEASE,
    SETS_THE_LIMIT,
    Found,
    Sizes,
    Treatments,
    incidence_of,
    listed_population,
    population_content,
    simulate_treatments,
    treatments,
)
from qsp_lib.analyses.population.incidence import Limit, shares
from qsp_lib.analyses.population.patients import Patients
from qsp_lib.analyses.population.population import ANCHOR, Population, Weights
from qsp_lib.analyses.population.spread import Rule
from qsp_lib.analyses.population.weights import Weighed
from qsp_lib.common import InputError, canonical_json
from qsp_lib.drugs import load_drug
from qsp_lib.protocol import WITH, WITHOUT, Scatter, class_draws, current_record

SIZES = Sizes(n_draws=2, each=500, drawn_again=40, least_effective=5.0)
DRUGS = ("mosunetuzumab", "teclistamab", "epcoritamab")


def stand_ins(given: Treatments, n_draws: int) -> Treatments:
    """The same questions of flat blinatumomab, two days of each dose."""
    record = current_record()
    draws, asked = record.draws(n_draws), []
    for one in given.asked:
        flat = record_arm(
            record,
            one.treatment.name,
            "clinical",
            draws=draws,
            horizon_h=48.0,
            premedicated=one.premedication == WITH,
        )
        asked.append(replace(one, treatment=replace(flat, intervals_h=((1.0, 20.0), (20.0, 48.0)))))
    sets = record_arm(record, SETS_THE_LIMIT, "flat_15", draws=draws, horizon_h=48.0)
    little = replace(sets, name=LITTLE_DISEASE, burden=0.1)
    return replace(given, sets=sets, little=little, asked=(asked[0], asked[3]))


@pytest.fixture(scope="module")
def given() -> Treatments:
    return stand_ins(treatments(current_record(), SIZES.n_draws), SIZES.n_draws)


@pytest.fixture(scope="module")
def found(given: Treatments) -> Found:
    return simulate_treatments(current_record(), given, SIZES, workers=1)


@pytest.fixture(scope="module")
def text(given: Treatments, found: Found) -> str:
    return canonical_json(population_content(current_record(), given, SIZES, found))


# ------------------------------------------------------------------------ what is asked


def test_each_engager_is_asked_with_and_without_its_steroid_by_the_plan() -> None:
    asked = treatments(current_record(), 3).asked
    assert [(one.drug, one.premedication) for one in asked] == [
        (drug, arm) for drug in DRUGS for arm in (WITH, WITHOUT)
    ]
    doses = {
        one.drug: [start for start, _ in one.treatment.intervals_h]
        for one in asked
        if one.premedication == WITHOUT
    }
    assert doses == {
        "mosunetuzumab": [0.0, 168.0, 336.0, 504.0, 1008.0],
        "teclistamab": [0.0, 72.0, 144.0, 312.0],
        "epcoritamab": [0.0, 168.0, 336.0, 504.0],
    }
    for one in asked:
        first = one.treatment.regimen.first_dose_h
        assert one.treatment.intervals_h[0][0] == first
        assert one.treatment.intervals_h[-1][1] == one.treatment.horizon_h
        steroid = one.treatment.steroid
        assert (steroid is not None) == (one.premedication == WITH)
        if steroid is not None:
            assert steroid.regimen.first_dose_h == first - 1.0 == 0.0


def test_its_draws_are_the_first_of_the_forecasts_that_are_committed() -> None:
    record = current_record()
    n = int(record.content["class"]["draws"]["class"])
    for one in treatments(record, 3).asked:
        scatter = Scatter.of(load_drug(one.drug, inputs=record.inputs))
        whole = class_draws(
            record.draws(n)["blinatumomab"], record.drug(one.drug), scatter, seed=record.seed
        )
        assert set(one.treatment.values) == set(whole.values)
        for name, values in one.treatment.values.items():
            assert np.array_equal(values, whole.values[name][:3])


def test_the_anchor_and_what_sets_the_limit_are_those_of_chapter_9() -> None:
    found = treatments(current_record(), 1)
    assert found.anchor.name == ANCHOR and found.anchor.steroid is None
    assert found.sets.steroid is not None and found.little.burden == 0.1
    gaps = [dose.time_h for dose in found.sets.steroid.regimen.doses]
    assert gaps == [0.0, 168.0]  # an hour before 9 and before 28 ug/d


# ------------------------------------------------------------------------ what is written


def test_the_file_says_what_it_was_made_from_and_by_which_rule(text: str) -> None:
    record, content = current_record(), json.loads(text)
    assert (content["lock"], content["lock_digest"]) == (record.version, record.digest)
    assert content["rule"]["limit"]["row"] == "EA038" and content["rule"]["limit"]["share"] == 0.15
    assert content["rule"]["seed"] == record.seed and content["rule"]["sizes"]["each"] == 500
    assert len(content["rule"]["factors"]) == 9 and "Illustrative" in content["caveat"]
    assert content["mark"] == f"unlocked copy of lock {record.version}"
    for some in content["held_to"].values():
        assert sum(some["draws"].values()) == SIZES.n_draws
        assert some["draws"]["met"] == len(some["kept"])


def test_every_number_is_that_of_its_draws(text: str) -> None:
    content = json.loads(text)
    kept = {name: len(some["kept"]) for name, some in content["held_to"].items()}
    assert any(kept.values())
    for row in content["incidences"]:
        assert len(row["draws"]) == row["n_draws"] == kept[row["held_to"]]
        assert row["median"] == pytest.approx(np.median(row["draws"]), abs=2e-6)
        assert all(0 <= share <= 1 for share in row["draws"])
    whole, *doses = (
        incidence_of(content, "mosunetuzumab", WITH, dose)["draws"] for dose in (None, 1, 2)
    )
    # who passes the limit after any dose does so after one of them
    assert np.all(np.max(doses, axis=0) <= np.array(whole) + 1e-9)
    assert np.all(np.sum(doses, axis=0) >= np.array(whole) - 1e-6)
    with pytest.raises(InputError, match="no incidence of"):
        incidence_of(content, "blinatumomab", WITH)


def test_as_many_pass_the_limit_as_it_was_set_by(found: Found) -> None:
    for held_to in found.held_to:
        population, weights = found.treated.of(held_to)
        limit = found.limit(held_to)
        set_by = shares(population, weights, SETS_THE_LIMIT, limit)
        good = weights.met
        heaviest = weights.weights[good].max(axis=1)
        assert np.all(np.abs(set_by.share[good] - 0.15) <= heaviest)


@pytest.mark.thorough
def test_workers_and_chunks_change_no_byte(given: Treatments, text: str) -> None:
    again = simulate_treatments(current_record(), given, SIZES, workers=2, chunk=70)
    assert canonical_json(population_content(current_record(), given, SIZES, again)) == text


@pytest.mark.thorough
def test_a_draw_by_itself_is_what_it_is_among_others(
    given: Treatments, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a number that was changed in the file is found by that."""
    record, content = current_record(), json.loads(text)
    monkeypatch.setattr(on_record, "treatments", lambda held, n: stand_ins(treatments(held, n), n))
    assert on_record._again(record, content, SIZES).startswith("draw ")
    content["incidences"][0]["draws"][0] += 0.01
    with pytest.raises(on_record.LockError, match="incidences/mosunetuzumab"):
        on_record._again(record, content, SIZES)


def test_the_ledger_says_the_limit_and_the_incidence_after_any_dose(text: str) -> None:
    listed = listed_population("v2")
    assert (listed.file, listed.table) == ("population-v2.json", "external_drugs")
    said, content = listed.summary(text), json.loads(text)
    primary = next(iter(HELD_TO))
    assert said["limit"]["median"] == content["limit"][primary]["median"]
    row = incidence_of(content, "mosunetuzumab", WITH)
    assert said["incidence"][f"mosunetuzumab, {WITH}"] == row["median"]


def test_sizes_that_cannot_be_are_refused() -> None:
    with pytest.raises(InputError, match="each is 0"):
        Sizes(each=0)


# ------------------------------------------------------------------------ a share and its error


def test_the_error_of_a_share_holds_that_of_the_limit() -> None:
    """Of n even patients at even steps: binomial, and the limit's own error as so many patients."""
    n, limit, by = 1000, 0.6995, 0.02
    patients = Patients(2, n, 1)
    values = np.stack([(np.arange(n) + 0.5) / n, np.full(n, np.nan)])
    weights = Weights(
        Rule.ALL,
        np.stack([np.full(n, 1.0 / n), np.zeros(n)]),
        (Weighed.MET, Weighed.NO_SOLUTION),
        ("", "x"),
    )
    population = Population(patients, {"a.index": values}, {}, "")
    two = np.array([limit, np.nan])
    exact = shares(population, weights, "a", Limit("a", 0.3, two, np.array([0.0, np.nan])))
    loose = shares(population, weights, "a", Limit("a", 0.3, two, np.array([by, np.nan])))
    assert exact.share[0] == pytest.approx(0.3, abs=1e-3) and np.isnan(exact.share[1])
    assert exact.errors[0] == pytest.approx(np.sqrt(0.3 * 0.7 / n), rel=2e-3)
    assert loose.errors[0] == pytest.approx(np.hypot(exact.errors[0], by), rel=2e-2)
    assert exact.over_draws().n_draws == 1 and exact.median_error == 0.0
