"""One drug predicted from the lock record: the same numbers by another way, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from own_drugs import changed, content, written

import qsp_lib
from qsp_lib.analyses import rescue
from qsp_lib.common.errors import InputError, IntegrationError, LockError
from qsp_lib.common.numbers import short
from qsp_lib.drugs.fitted import FITTED_UNITS
from qsp_lib.drugs.reading import load_drug, shipped_drugs
from qsp_lib.inference.posterior import laplace_draws
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.equations import NETWORK
from qsp_lib.model.simulation import simulate
from qsp_lib.prediction import predicting as prediction
from qsp_lib.prediction.predicting import predict
from qsp_lib.prediction.report import as_csv, as_dict, as_text
from qsp_lib.prediction.setting import (
    as_predicted,
    assumptions,
    default_horizon,
    draws_for,
    prepare,
    together,
)
from qsp_lib.protocol.lock import Record, current_record, lock_path, read_record

TEMPLATES = Path(qsp_lib.__file__).parent / "data" / "templates"
BISPECIFIC = TEMPLATES / "bispecific.toml"
OWN_RATE = (
    'k_exh = { value = 0.8, unit = "1/h", status = "assumed", log10_sd = 0.25, source = ["x"] }'
)


@pytest.fixture(scope="module")
def locked() -> Record:
    return current_record()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The template with a rate of its own in place of a borrowed one."""
    line = next(line for line in BISPECIFIC.read_text().splitlines() if line.startswith("k_exh"))
    path = tmp_path / "own.toml"
    path.write_text(BISPECIFIC.read_text().replace(line, OWN_RATE))
    return path


# ------------------------------------------------------------- the drugs of the record


@pytest.mark.parametrize("drug", ["blinatumomab", "tgn1412"])
def test_the_severity_of_a_fitted_drug_is_the_one_on_record_of_lock_v1(drug: str) -> None:
    """Its record holds the index of its optimum."""
    first = read_record(lock_path("v1"), against_code=False)
    found = predict(drug, first, n_draws=0)
    recorded = first.severity_indices[drug]
    assert found.untreated.severity_week.central == pytest.approx(recorded, rel=1e-9)
    assert found.untreated.severity.central >= found.untreated.severity_week.central
    assert found.references[drug] == recorded
    assert found.untreated.grade == {"blinatumomab": 1, "tgn1412": 4}[drug]
    assert (found.n_draws, found.untreated.grade_shares) == (0, None)


@pytest.mark.parametrize("drug", ["blinatumomab", "tgn1412"])
def test_the_median_of_a_fitted_drug_is_the_one_on_record(locked: Record, drug: str) -> None:
    """A record with a sample holds the median index over all of it; here it is of 100 draws."""
    found = predict(drug, locked, n_draws=100, horizon_h=168.0)
    recorded = locked.severity_indices[drug]
    week, drawn = found.untreated.severity_week, found.untreated.drawn["severity"]
    assert week.median == pytest.approx(recorded, abs=4 * 1.25 * drawn.std() / np.sqrt(100))
    assert found.references[drug] == recorded


def test_the_blind_drug_is_predicted_from_the_record_and_in_no_other_way(
    locked: Record, tmp_path: Path
) -> None:
    assert predict("okt3", locked, n_draws=0).lock == locked.summary
    copy = tmp_path / "okt3.toml"
    copy.write_bytes((TEMPLATES.parent / "drugs" / "okt3.toml").read_bytes())
    with pytest.raises(InputError, match="'blind', which belongs to a drug that comes with"):
        predict(copy, locked, n_draws=0)
    setting = prepare("okt3", locked)
    with pytest.raises(LockError, match="from a lock record only"):
        replace(setting, inputs=load_drug("okt3").inputs).simulate(None, treated=False)


def test_a_fitted_drugs_intervals_are_the_records_own_draws(locked: Record) -> None:
    found = predict("tgn1412", locked, n_draws=30)
    course = simulate(
        locked.drug("tgn1412"),
        locked.network,
        load_drug("tgn1412").regimens["clinical"],
        draws=locked.draws(30)["tgn1412"],
        horizon_h=found.horizon_h,
    )
    peaks = course.peak("TNF").value + locked.baselines["TNF"]
    tnf = found.untreated.peaks["TNF"]
    assert (tnf.low, tnf.median, tnf.high) == pytest.approx(np.percentile(peaks, [5, 50, 95]))
    assert sum(found.untreated.grade_shares or ()) == pytest.approx(1)


@pytest.mark.parametrize("hours", [6.0, -12.0])
def test_tocilizumab_is_given_as_in_the_chapter_on_rescue(locked: Record, hours: float) -> None:
    found = predict("tgn1412", locked, tocilizumab_h=hours, n_draws=0)
    course = rescue.simulate_course(locked, hours, horizon_h=found.horizon_h)
    assert found.treated is not None and found.treated.severity_after is not None
    peak = course.peak("IL6")
    assert found.treated.peaks["IL6"].central == pytest.approx(peak.value + 5.2, rel=1e-4)
    assert found.treated.peak_times["IL6"].central == pytest.approx(peak.time_h, abs=0.05)
    assert found.treated.severity.central == pytest.approx(course.index(), abs=1e-4)
    after = course.index(max(hours, 0.0))
    assert found.treated.severity_after.central == pytest.approx(after, abs=1e-4)
    assert found.treated.times_h[0] == 0 and found.treated.times_h[-1] == found.horizon_h
    assert set(found.arms) == {"untreated", "treated"}


# ------------------------------------------------------------- a drug of one's own


def test_lock_v1_gives_its_laplace_draws(own: Path) -> None:
    first = read_record(lock_path("v1"), against_code=False)
    draws = draws_for(prepare(own, first), 400)
    names, mean, covariance = first.posterior
    theta = laplace_draws(mean, covariance, 400, first.seed)
    for i, name in enumerate(names):
        if "." not in name:
            np.testing.assert_allclose(draws.values[name], 10.0 ** theta[:, i])


def test_an_own_drug_gets_the_locked_network_and_joint_draws(locked: Record, own: Path) -> None:
    setting = prepare(own, locked)
    draws = draws_for(setting, 400)
    theta = dict(zip(locked.posterior[0], locked.points(400).T, strict=True))
    for name in NETWORK:
        if name in theta:
            np.testing.assert_allclose(draws.values[name], 10.0 ** theta[name])
    share = draws.values["k_IL6_T"] / draws.values["k_IL6_M"]
    np.testing.assert_allclose(share, 10.0 ** theta["k_IL6_T/k_IL6_M"])
    log_exh = np.log10(draws.values["k_exh"])
    assert log_exh.mean() == pytest.approx(np.log10(0.8), abs=0.05)
    assert log_exh.std() == pytest.approx(0.25, abs=0.03)
    assert abs(np.corrcoef(log_exh, np.log10(draws.values["k_IFN"]))[0, 1]) < 0.15
    assert setting.simulate(draws[slice(0, 2)], treated=False).mark == ""


def test_a_borrowed_rate_is_the_other_drugs_in_every_draw(locked: Record) -> None:
    setting = prepare(BISPECIFIC, locked)
    assert setting.inputs.k_act == locked.drug("blinatumomab").k_act != 0.1
    draws, theirs = draws_for(setting, 50), locked.draws(50)["blinatumomab"]
    for name in ("k_act", "k_exh", "k_kill"):
        np.testing.assert_array_equal(draws.values[name], theirs.values[name])
    np.testing.assert_array_equal(draws.values["k_fb"], theirs.values["k_fb"])


def test_a_rate_that_is_fixed_is_not_drawn(locked: Record, own: Path) -> None:
    fixed = OWN_RATE.replace('status = "assumed", log10_sd = 0.25', 'status = "fixed"')
    own.write_text(own.read_text().replace(OWN_RATE, fixed))
    assert "k_exh" not in draws_for(prepare(own, locked), 5).values


def test_draw_i_does_not_depend_on_how_many_are_made(locked: Record, own: Path) -> None:
    setting = prepare(own, locked)
    few, many = draws_for(setting, 3), draws_for(setting, 9)
    for name, values in few.values.items():
        np.testing.assert_array_equal(values, many.values[name][:3])
    other = draws_for(setting, 3, seed=7)
    assert not np.array_equal(other.values["k_exh"], few.values["k_exh"])


def test_the_answer_does_not_depend_on_how_the_draws_are_cut(
    locked: Record, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = predict(own, locked, n_draws=12)
    monkeypatch.setattr(prediction, "_CHUNK_VALUES", 50_000)
    seen: list[tuple[int, int]] = []
    parts = predict(own, locked, n_draws=12, progress=lambda done, of: seen.append((done, of)))
    assert as_dict(parts) == as_dict(whole)
    assert as_csv(parts) == as_csv(whole)
    assert len(seen) > 2 and seen[-1] == (12, 12)


def test_a_borrowed_rate_with_a_width_is_the_other_drugs_times_a_factor_about_1(
    locked: Record, tmp_path: Path
) -> None:
    borrowed = {"same_as": "tgn1412", "source": ["declared assumption"]}
    plain, wide = (
        prepare(written(tmp_path, changed(content(), "t_cells.k_act", rate), f"{i}.toml"), locked)
        for i, rate in enumerate((borrowed, borrowed | {"log10_sd": 0.25}))
    )
    theirs, own = (draws_for(one, 400).values["k_act"] for one in (plain, wide))
    assert np.array_equal(theirs, locked.draws(400)["tgn1412"].values["k_act"])
    factor = np.log10(own / theirs)
    assert abs(factor.mean()) < 0.05 and factor.std() == pytest.approx(0.25, rel=0.15)
    (told,) = [one for one in assumptions(wide) if one.name == "k_act"]
    assert told.log10_sd == 0.25


def test_every_assumption_is_named_with_its_reason(locked: Record, own: Path) -> None:
    found = {a.name: a for a in predict(own, locked, n_draws=0).assumptions}
    assert found["k_kill"].reason == "class default, as fitted to blinatumomab"
    assert found["k_act"].reason == "as fitted to blinatumomab"
    assert found["k_act"].value == locked.drug("blinatumomab").k_act
    assert found["k_rec"].reason == "class default" and found["k_rec"].log10_sd == 0.3
    assert "k_exh" not in found, "it has a source of its own"
    fitted = {a.name: a for a in predict("tgn1412", locked, n_draws=0).assumptions}
    assert fitted["k_act"].reason == "fitted, from a declared prior"


@pytest.mark.parametrize("drug", ["blinatumomab", "tgn1412", "okt3"])
def test_what_was_fitted_of_a_drug_is_told_as_it_is_predicted(locked: Record, drug: str) -> None:
    """Since version 2 that is more than rates: the potency and the steepness of TGN1412."""
    setting = prepare(drug, locked)
    inputs, of_file = locked.drug(drug), load_drug(drug)
    told = {a.name: (a.value, a.unit) for a in assumptions(setting)}
    for name, prior in of_file.priors.items():
        if prior.status == "estimated" and name in told:
            assert told[name] == (getattr(inputs, name), FITTED_UNITS[name])
    used = as_predicted(of_file, inputs)
    assert ("EC50" in used) is (drug == "tgn1412")
    assert not {"V1", "half_life"} & set(used), "drawn, and taken from the file as they stand"


def test_draws_that_do_not_complete_are_counted(
    locked: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    from helpers import HOPELESS, give_up_on_hopeless

    give_up_on_hopeless(monkeypatch)
    original = prediction.draws_for

    def spoiled(*arguments: object) -> object:
        draws = original(*arguments)  # type: ignore[arg-type]
        values = dict(draws.values)
        values["k_fb"] = values["k_fb"].copy()
        values["k_fb"][:count] = HOPELESS
        return type(draws)(values).stamped(draws.lock, draws.drug)

    monkeypatch.setattr(prediction, "draws_for", spoiled)
    count = 2
    found = predict("blinatumomab", locked, n_draws=5)
    assert found.failed_draws == 2
    assert "of 3 of 5 draws" in as_text(found)
    count = 5
    with pytest.raises(IntegrationError, match="none of 5 draws completed"):
        predict("blinatumomab", locked, n_draws=5)


# ------------------------------------------------------------- regimens and horizons


@pytest.mark.parametrize(
    ("doses", "steps"),
    [
        ((Bolus(0, 5), Bolus(24, 5)), [(0, 5), (24, 5)]),
        ((Infusion(0, 168, 63), Infusion(168, 504, 588)), [(0, 63), (168, 588)]),
        ((Bolus(0, 9), Infusion(0, 4, 1), Bolus(24, 1)), [(0, 10), (24, 1)]),
        ((Bolus(0.1 + 0.2, 1), Bolus(0.3, 2)), [(0.3, 3)]),
        ((), []),
    ],
)
def test_every_dose_is_one_step_and_ties_are_together(
    doses: tuple[Bolus | Infusion, ...], steps: list[tuple[float, float]]
) -> None:
    found = [(step.start_h, step.dose_ug) for step in together(Regimen.of(*doses))]
    assert len(found) == len(steps)
    for one, other in zip(found, steps, strict=True):
        assert one == pytest.approx(other)


def test_every_shipped_regimen_is_followed_two_weeks_past_its_last_dose() -> None:
    for drug in shipped_drugs():
        for regimen in load_drug(drug).regimens.values():
            last = max(d.end_h if isinstance(d, Infusion) else d.time_h for d in regimen.doses)
            assert default_horizon(regimen) == last + 336


def test_the_steps_cover_the_course_and_the_worst_of_them_is_the_whole(locked: Record) -> None:
    found = predict(BISPECIFIC, locked, n_draws=0)
    steps = found.untreated.steps
    ends = [(0, 168), (168, 336), (336, 504), (504, 844)]
    assert [(step.start_h, step.end_h) for step in steps] == ends
    assert [step.dose_ug for step in steps] == [100, 1000, 10_000, 10_000]
    worst = max(step.severity.central for step in steps)
    assert worst == pytest.approx(found.untreated.severity.central)
    whole = predict(BISPECIFIC, locked, regimen="full_at_once", n_draws=0)
    assert whole.untreated.severity.central > worst, "stepping up is milder"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"regimen": "weekly"}, "has no regimen 'weekly'"),
        ({"horizon_h": 0.0}, "expected more than 0"),
        ({"horizon_h": float("nan")}, "nan h was asked for"),
        ({"horizon_h": 1e5}, "ten years"),
        ({"tocilizumab_h": 844.0}, "before the end at 844 h"),
        ({"tocilizumab_h": -200.0}, "from -168 h"),
        ({"n_draws": 10_001}, "expected 2 to "),
        ({"n_draws": 1}, "expected 2 to .* or 0 for the locked point"),
        ({"n_draws": -1}, "expected 2 to "),
        ({"seed": 3}, "with 0 draws, where it would change nothing"),
        ({"asked_h": (845.0,)}, "Levels at 845 h"),
    ],
)
def test_what_cannot_be_predicted_is_refused(
    locked: Record, options: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        predict(BISPECIFIC, locked, **{"n_draws": 0, **options})  # type: ignore[arg-type]


def test_a_regimen_that_begins_after_the_end_is_refused(locked: Record, own: Path) -> None:
    text = own.read_text().replace('time = "0 d"', 'time = "40 d"').replace('"7 d"', '"41 d"', 1)
    own.write_text(text)
    with pytest.raises(InputError, match="first dose of regimen"):
        predict(own, locked, horizon_h=100, n_draws=0)


def test_a_class_default_is_taken_only_when_asked(locked: Record, own: Path) -> None:
    text = "\n".join(x for x in own.read_text().splitlines() if not x.startswith(("h =", "k_rec")))
    own.write_text(text)
    with pytest.raises(InputError, match=r"potency\.h: nothing was given"):
        predict(own, locked, n_draws=0)
    found = predict(own, locked, n_draws=0, class_defaults=True)
    assert {a.name for a in found.assumptions if "class default" in a.reason} == {
        "weight",
        "bsa",
        "h",
        "K_B",
        "k_rec",
        "k_kill",
    }


# ------------------------------------------------------------- the report


def test_a_mark_of_unlocked_values_goes_with_the_answer(locked: Record) -> None:
    found = replace(predict("tgn1412", locked, n_draws=0), mark="unlocked copy of lock v1")
    assert "unlocked copy of lock v1" in as_text(found)
    assert as_dict(found)["mark"] == "unlocked copy of lock v1"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (-0.0, "0"), (999.6, "1000"), (1234.5, "1230"), (2e7, "2e+07")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert short(value) == text
