"""The logic of the blind test, on courses and drugs that do not exist.

Nothing here simulates the blind drug or reads its prediction: its part is played by scripted
courses, or by a made-up drug under a made-up regimen.
"""

from __future__ import annotations

import copy
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from helpers import HOPELESS, REGIMENS, give_up_on_hopeless, made_up
from numpy.typing import NDArray

from qsp_lib.common.errors import LockError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.evidence.row import EvidenceRow
from qsp_lib.model import severity
from qsp_lib.model.draws import Draws
from qsp_lib.model.simulation import simulate
from qsp_lib.model.trajectory import Peak
from qsp_lib.protocol import blind_test
from qsp_lib.protocol import record as protocol_record
from qsp_lib.protocol.blind_test import (
    commit_prediction,
    committed_prediction,
    compare_with_outcomes,
    predict,
    prediction_path,
    run_protocol,
    summarise,
)
from qsp_lib.protocol.eight_checks import (
    ARMS,
    CHECKS,
    CYTOKINES,
    FAILS,
    HOLDS,
    OPEN,
    BlindRun,
    _order_in_time,
    check_all,
)
from qsp_lib.protocol.ledger import record_file
from qsp_lib.protocol.lock import write_record
from qsp_lib.protocol.places import Places, take_turn
from qsp_lib.protocol.record import Record, digest_of

Array = NDArray[np.float64]
TIMES = np.arange(0, 168.01, 0.05)


# ---------------------------------------------------------------- scripted courses


class Scripted:
    """An arm whose courses are written down rather than simulated; shape ``(N, T)`` each."""

    def __init__(self, courses: dict[str, Array], completed: list[bool] | None = None) -> None:
        self.courses = {name: np.atleast_2d(course) for name, course in courses.items()}
        self.times = TIMES
        n = len(next(iter(self.courses.values())))
        self.completed = np.ones(n, dtype=bool) if completed is None else np.array(completed)

    def select(self, keep: NDArray[np.bool_]) -> Scripted:
        kept = {name: course[keep] for name, course in self.courses.items()}
        return Scripted(kept, self.completed[keep].tolist())

    def peak(self, name: str, start_h: float = 0.0, end_h: float = np.inf) -> Peak:
        inside = (TIMES >= start_h - 1e-9) & (TIMES <= end_h + 1e-9)
        course = self.courses[name][:, inside]
        return Peak(course.max(axis=1), TIMES[inside][course.argmax(axis=1)])

    def at(self, name: str, time_h: float) -> Array:
        return self.courses[name][:, np.abs(TIMES - time_h).argmin()]

    def __getitem__(self, name: str) -> Array:
        return self.courses[name]


def release(height: float, time_h: float) -> Array:
    """A course that rises to its height at its time, and is gone a day later."""
    return height * (TIMES / time_h * np.exp(1 - TIMES / time_h)) ** 8


def bump(height: float, time_h: float) -> Array:
    return height * np.exp(-(((TIMES - time_h) / 1.5) ** 2))


def courses(signal: float, share: float) -> dict[str, Array]:
    """An arm for which nothing is wrong: in order, early, transient."""
    return {
        "TNF": release(800.0, 2.0),
        "IFN": release(600.0, 4.0),
        "IL6": release(400.0, 6.0),
        "S": release(signal, 6.5),
        "A": release(0.3, 1.5),
        "M": release(0.4, 8.0),
        "feedback_share": np.full(TIMES.size, share),
    }


def scripted_run(**changes: dict[str, Array]) -> BlindRun:
    """All arms, with the courses of some replaced."""
    arms = {
        "blinatumomab": courses(100.0, 0.3),
        "blinatumomab_step": courses(50.0, 0.3),
        "okt3": courses(1000.0, 0.2),
        "okt3_double": courses(1000.0, 0.2),
        "tgn1412": courses(5000.0, 0.5),
    }
    both = {name: arm | changes.get(name, {}) for name, arm in arms.items()}
    return BlindRun({name: Scripted(arm) for name, arm in both.items()})  # type: ignore[misc]


def failing(run: BlindRun) -> dict[str, int]:
    """The checks that do not hold, and how."""
    return {name: int(v[0]) for name, v in check_all(run).items() if v[0] != HOLDS}


def test_there_are_eight_checks_and_each_can_hold() -> None:
    assert list(CHECKS) == [f"Q{i}" for i in range(1, 9)]
    assert failing(scripted_run()) == {}


HIGHER_THAN_THE_SEVERE = {"S": release(5000.0 * 1.05, 6.5)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # Q1: order in time
        ({"okt3": {"TNF": release(800.0, 5.0)}}, {"Q1": FAILS}),
        ({"okt3": {"IFN": release(600.0, 7.0)}}, {"Q1": FAILS}),
        ({"okt3": {"TNF": release(800.0, 3.95)}}, {"Q1": OPEN}),
        ({"okt3": {"IL6": release(400.0, 3.95)}}, {"Q1": OPEN}),
        # Q2: early
        ({"okt3": {"IL6": release(400.0, 13.0)}}, {"Q2": FAILS}),
        # Q3: transient, from 48 h on and not at 48 h alone
        ({"okt3": {"TNF": release(800.0, 2.0) + bump(90.0, 100.0)}}, {"Q3": FAILS}),
        ({"okt3": {"TNF": release(800.0, 2.0) + bump(70.0, 100.0)}}, {}),
        # Q4: the second day
        ({"okt3": {"IFN": release(600.0, 4.0) + bump(160.0, 30.0)}}, {"Q4": FAILS}),
        ({"okt3": {"IFN": release(600.0, 4.0) + bump(140.0, 30.0)}}, {}),
        # ... beside the first day's peak, however high a later one is
        (
            {"okt3": {"IFN": release(600.0, 4.0) + bump(160.0, 30.0) + bump(6000.0, 60.0)}},
            dict.fromkeys(("Q1", "Q2", "Q3", "Q4", "Q8"), FAILS),
        ),
        # Q5: activated T cells at 24 h
        ({"okt3": {"A": release(0.3, 1.5) + bump(0.04, 24.0)}}, {"Q5": FAILS}),
        ({"okt3": {"A": release(0.3, 1.5) + bump(0.02, 24.0)}}, {}),
        # Q6: macrophages late, and the share of feedback
        ({"okt3": {"M": release(0.4, 8.0) + bump(0.22, 90.0)}}, {"Q6": FAILS}),
        ({"okt3": {"feedback_share": np.full(TIMES.size, 0.5)}}, {"Q6": FAILS}),
        # Q7: strictly between, a tie is not between
        ({"okt3": HIGHER_THAN_THE_SEVERE}, {"Q7": FAILS}),
        ({"okt3": {"S": release(4800.0, 6.5)}}, {"Q7": FAILS}),
        ({"okt3": {"S": release(100.0, 6.5)}}, {"Q7": FAILS}),
        ({"okt3": {"S": release(105.0, 6.5)}}, {"Q7": FAILS}),
        ({"okt3": {"S": release(120.0, 6.5)}}, {}),
        # Q8: the plateau, in either direction
        ({"okt3_double": {"IFN": release(670.0, 4.0)}}, {"Q8": FAILS}),
        ({"okt3_double": {"IFN": release(530.0, 4.0)}}, {"Q8": FAILS}),
        ({"okt3_double": {"IFN": release(650.0, 4.0)}}, {}),
        # the step regimen of blinatumomab enters no check
        ({"blinatumomab_step": {"S": release(9e5, 6.5)}}, {}),
    ],
)
def test_each_check_fails_on_what_it_is_about_and_on_nothing_else(
    changes: dict[str, dict[str, Array]], expected: dict[str, int]
) -> None:
    assert failing(scripted_run(**changes)) == expected


def test_the_feedback_share_is_read_at_the_il6_peak() -> None:
    late_share = np.where(TIMES > 20.0, 0.9, 0.2)
    assert failing(scripted_run(okt3={"feedback_share": late_share})) == {}
    early_share = np.where(TIMES < 8.0, 0.9, 0.0)
    assert failing(scripted_run(okt3={"feedback_share": early_share})) == {"Q6": FAILS}


@pytest.mark.parametrize(
    ("gaps", "verdict"),
    [
        ((1.0, 1.0), HOLDS),
        ((0.11, 0.11), HOLDS),
        ((0.1, 1.0), OPEN),
        ((1.0, 0.0), OPEN),
        ((-0.1, 1.0), OPEN),
        ((-0.11, 1.0), FAILS),
        ((1.0, -5.0), FAILS),
        ((0.05, -5.0), FAILS),
        ((0.0, 0.0), OPEN),
    ],
)
def test_an_order_in_time_is_undetermined_within_a_tenth_of_an_hour(
    gaps: tuple[float, float], verdict: int
) -> None:
    assert _order_in_time(*(np.array([gap]) for gap in gaps)).tolist() == [verdict]


def test_verdicts_come_set_by_set() -> None:
    run = scripted_run()
    slow = scripted_run(okt3={"IL6": release(400.0, 13.0)})
    arms: dict[str, Any] = {}
    for name in ARMS:
        fine, late = run.arms[name], slow.arms[name]
        both = {c: np.concatenate([fine[c], late[c], fine[c]]) for c in courses(1.0, 0.1)}
        arms[name] = Scripted(both)
    verdicts = check_all(BlindRun(arms))
    assert verdicts["Q2"].tolist() == [HOLDS, FAILS, HOLDS]
    assert verdicts["Q1"].tolist() == [HOLDS, HOLDS, HOLDS]


def test_a_set_that_did_not_complete_in_any_arm_fails_every_check() -> None:
    arms: dict[str, Any] = {}
    for name, arm in scripted_run().arms.items():
        three = {c: np.repeat(arm[c], 3, axis=0) for c in courses(1.0, 0.1)}
        arms[name] = Scripted(three, [True, name != "tgn1412", True])
    run = BlindRun(arms)
    assert run.completed.tolist() == [True, False, True]
    for verdict in check_all(run).values():
        assert verdict.tolist() == [HOLDS, FAILS, HOLDS]
    none = BlindRun({name: Scripted(arm.courses, [False] * 3) for name, arm in arms.items()})  # type: ignore[misc]
    assert all(verdict.tolist() == [FAILS] * 3 for verdict in check_all(none).values())


def test_a_summary_is_the_median_and_the_central_ninety_percent() -> None:
    assert summarise(np.arange(101.0)) == {"median": 50.0, "low": 5.0, "high": 95.0}


# ---------------------------------------------------------------- the protocol, made up


@pytest.fixture(scope="module")
def pretend(record: Record) -> Record:
    """A record in which a made-up drug with made-up priors stands where the blind one did."""
    content = copy.deepcopy(_plain(record.content))
    content["drugs"]["okt3"] = made_up(name="okt3").plain()
    content["same_as"] = {}
    content["assumed"] = {
        "okt3.k_exh": {"median": 0.1, "log10_sd": 0.05},
        "k_rec": {"median": 0.01, "log10_sd": 0.1},
    }
    content["digest"] = digest_of(content)
    return Record(MappingProxyType(content))


def _plain(value: Any) -> Any:
    if isinstance(value, MappingProxyType):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


@pytest.fixture(autouse=True)
def made_up_regimens(monkeypatch: pytest.MonkeyPatch) -> None:
    """The made-up drug is given a made-up short infusion, once and doubled."""
    regimens = {"clinical": REGIMENS["infusion"], "double": REGIMENS["infusion"].scaled(2.0)}

    def load(name: str, inputs: str) -> Any:
        own = name == "okt3"
        return SimpleNamespace(regimens=regimens) if own else load_drug(name, inputs=inputs)

    monkeypatch.setattr(protocol_record, "load_drug", load)
    give_up_on_hopeless(monkeypatch)


def some_draws(record: Record, n: int, broken: int | None = None) -> dict[str, Draws]:
    """Draws of the record, one of them beyond what can be integrated."""
    drawn = record.draws(n)
    if broken is None:
        return drawn
    result = {}
    for drug, draws in drawn.items():
        k_fb = draws.values["k_fb"].copy()
        k_fb[broken] = HOPELESS
        result[drug] = Draws(dict(draws.values) | {"k_fb": k_fb}).stamped(record.stamp, drug)
    return result


def test_every_arm_is_simulated_on_the_same_draws(pretend: Record) -> None:
    run = run_protocol(pretend, pretend.draws(3))
    assert set(run.arms) == set(ARMS)
    networks = [arm.task.parameters[:, :17] for arm in run.arms.values()]
    assert all(np.array_equal(networks[0], network) for network in networks)
    doubled, once = run.arms["okt3_double"], run.arms["okt3"]
    assert doubled.peak("C").value == pytest.approx(2 * once.peak("C").value, rel=1e-6)


def test_without_draws_the_protocol_runs_at_the_locked_values(pretend: Record) -> None:
    run = run_protocol(pretend)
    alone = simulate(pretend.drug("tgn1412"), pretend.network, pretend.regimen("tgn1412"))
    assert run.arms["tgn1412"].peak("S").value == alone.peak("S").value
    unknown = f"lock v1 ({pretend.digest[:12]}) is not in the ledger"
    assert {arm.mark for arm in run.arms.values()} == {unknown}


def test_a_prediction_adds_the_baseline_and_gives_medians_with_their_intervals(
    pretend: Record,
) -> None:
    draws = pretend.draws(25)
    made, run = predict(pretend, draws), run_protocol(pretend, draws)
    central = run_protocol(pretend)
    assert (made["lock"], made["draws"], made["failed_draws"]) == ("v1", 25, 0)
    for arm in ARMS:
        for cytokine in CYTOKINES:
            numbers = made["arms"][arm][cytokine]
            peaks = run.arms[arm].peak(cytokine).value + severity.baselines()[cytokine]
            assert numbers["peak"]["median"] == pytest.approx(np.median(peaks))
            assert numbers["peak"]["low"] == pytest.approx(np.percentile(peaks, 5))
            assert numbers["peak"]["high"] == pytest.approx(np.percentile(peaks, 95))
            assert numbers["peak"]["central"] == pytest.approx(
                float(central.arms[arm].peak(cytokine).value) + severity.baselines()[cytokine]
            )
            assert numbers["time"]["low"] <= numbers["time"]["median"] <= numbers["time"]["high"]
        z = severity.index(run.arms[arm])
        assert made["arms"][arm]["severity"]["index"]["median"] == pytest.approx(np.median(z))
        assert sum(made["grades"][arm]["shares"]) == pytest.approx(1.0)
        assert made["grades"][arm]["central"] == pretend.boundaries.grade(
            float(severity.index(central.arms[arm]))
        )


def test_shares_of_checks_and_orders_are_of_the_draws(pretend: Record) -> None:
    draws = pretend.draws(25)
    made, run = predict(pretend, draws), run_protocol(pretend, draws)
    for name, verdict in check_all(run).items():
        assert made["checks"][name]["share_holds"] == np.mean(verdict == HOLDS)
        assert made["checks"][name]["share_undetermined"] == np.mean(verdict == OPEN)
        assert made["checks"][name]["central"] in {"holds", "fails", "undetermined"}
    z = {name: severity.index(arm) for name, arm in run.arms.items()}
    steps = (z["okt3"] - z["blinatumomab"] > 0.05) & (z["tgn1412"] - z["okt3"] > 0.05)
    assert made["ordering"]["blinatumomab/index"]["share_expected"] == pytest.approx(steps.mean())
    keys = {
        f"{mild}/{key}"
        for mild in ("blinatumomab", "blinatumomab_step")
        for key in ("index", "area", "mean_fold", "davila")
    }
    assert set(made["ordering"]) == keys


def test_a_failed_draw_is_counted_and_counts_against(pretend: Record) -> None:
    whole, broken = (predict(pretend, some_draws(pretend, 10, i)) for i in (None, 4))
    assert (whole["failed_draws"], broken["failed_draws"]) == (0, 1)
    assert broken["draws"] == 10
    verdicts = check_all(run_protocol(pretend, some_draws(pretend, 10)))
    for name in CHECKS:
        kept = np.delete(verdicts[name], 4)
        assert broken["checks"][name]["share_holds"] == pytest.approx((kept == HOLDS).sum() / 10)
    for order in broken["ordering"]:
        least, most = (run["ordering"][order]["share_expected"] for run in (broken, whole))
        assert most - 0.1 - 1e-9 <= least <= min(most, 0.9) + 1e-9


def test_a_prediction_is_the_same_twice_and_is_plain_numbers(pretend: Record) -> None:
    one, other = (predict(pretend, pretend.draws(6)) for _ in range(2))
    assert one == other

    def leaves(value: Any) -> list[Any]:
        inner = value.values() if isinstance(value, dict) else value
        if isinstance(value, dict | list):
            return [leaf for item in inner for leaf in leaves(item)]
        return [value]

    assert {type(leaf) for leaf in leaves(one)} <= {int, float, str}


# ---------------------------------------------------------------- committed once


PEAKS = {"arms": {"okt3": {c: {"peak": {"median": 1.5}} for c in CYTOKINES}}}


def on_record(record: Record, folder: Path) -> Places:
    """Places in which a record is on record."""
    places = Places(folder)
    with take_turn(places) as turn:
        rest = {k: v for k, v in _plain(record.content).items() if k != "digest"}
        path = write_record(rest, turn)
        record_file("lock", path, turn, version="v1", digest=record.digest, summary={})
    return places


def test_a_prediction_is_committed_once_and_read_back(
    pretend: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blind_test, "predict", lambda record: PEAKS | {"lock": record.version})
    places = on_record(pretend, tmp_path)
    written = commit_prediction(pretend, places)
    assert not written.finished
    assert written.path == prediction_path(pretend, places)
    assert written.path == tmp_path / "predictions" / "prediction-v1.json"
    assert committed_prediction(pretend, places) == {
        "lock_digest": pretend.digest,
        "lock": "v1",
        **PEAKS,
    }
    before = written.path.read_bytes()
    with pytest.raises(LockError, match="lock v1 is on file and is never made again"):
        commit_prediction(pretend, places)
    assert written.path.read_bytes() == before


def test_a_record_that_is_not_in_the_ledger_predicts_nothing(
    pretend: Record, tmp_path: Path
) -> None:
    with pytest.raises(LockError, match="lock v1 .* is not in the ledger"):
        commit_prediction(pretend, Places(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_prediction_of_another_record_is_refused(
    pretend: Record, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blind_test, "predict", lambda record: PEAKS | {"lock": record.version})
    places = on_record(pretend, tmp_path)
    with pytest.raises(LockError, match="no prediction from lock v1 is on file"):
        committed_prediction(pretend, places)
    commit_prediction(pretend, places)
    with pytest.raises(LockError, match="made from another record than lock v1"):
        committed_prediction(record, places)


# ---------------------------------------------------------------- beside made-up outcomes


def row(row_id: str, analyte: str, unit: str = "pg/mL", **levels: Any) -> EvidenceRow:
    """A published statistic that was never published."""
    numbers = {"value": None, "low": None, "high": None} | levels
    kind = "observed range" if numbers["low"] is not None else ""
    words = dict.fromkeys(
        ("population", "dose", "route", "schedule", "doi", "pmid", "note", "value_text"), ""
    )
    return EvidenceRow(
        id=row_id,
        drug="made-up",
        analyte=analyte,
        statistic="median peak",
        unit=unit,
        range_kind=kind,
        time_h=None,
        n=None,
        source="made up for a test",
        verified="yes",
        confidence="low",
        **words,
        **numbers,
    )


def predicted(TNF: float = 1.0, IFN: float = 1.0, IL6: float = 1.0) -> dict[str, Any]:
    medians = {"TNF": TNF, "IFN": IFN, "IL6": IL6}
    return {"arms": {"okt3": {c: {"peak": {"median": m}} for c, m in medians.items()}}}


def test_a_median_within_the_range_of_the_statistics_passes_and_one_outside_fails() -> None:
    rows = [row("ZZ001", "TNF", value=7.0), row("ZZ002", "TNF", value=13.0)]
    for median, verdict in (
        (7.0, "pass"),
        (10.0, "pass"),
        (13.0, "pass"),
        (6.99, "fail"),
        (13.01, "fail"),
    ):
        compared = compare_with_outcomes(predicted(TNF=median), rows)["TNF"]
        assert compared["verdict"] == verdict
        assert (compared["published_low"], compared["published_high"]) == (7.0, 13.0)
        assert compared["predicted_median"] == median


def test_each_source_has_a_verdict_only_where_it_gives_a_range() -> None:
    rows = [
        row("ZZ001", "IL-6", value=10.0),
        row("ZZ002", "IL-6", value=20.0, low=15.0, high=40.0),
        row("ZZ003", "IL-6", low=2.0, high=5.0),
    ]
    compared = compare_with_outcomes(predicted(IL6=18.0), rows)["IL6"]
    inside = {source["id"]: source["inside"] for source in compared["sources"]}
    assert inside == {"ZZ001": None, "ZZ002": True, "ZZ003": False}
    assert (compared["published_low"], compared["published_high"]) == (2.0, 40.0)
    assert compared["verdict"] == "pass"


def test_published_levels_are_compared_in_the_units_of_the_model() -> None:
    rows = [row("ZZ001", "IFN-gamma", unit="ng/mL", value=0.2, low=0.1, high=0.3)]
    compared = compare_with_outcomes(predicted(IFN=150.0), rows)["IFN"]
    assert (compared["published_low"], compared["published_high"]) == pytest.approx((100.0, 300.0))
    assert compared["verdict"] == "pass"


def test_a_cytokine_without_an_eligible_row_has_no_verdict() -> None:
    rows = [row("ZZ001", "TNF", value=7.0), row("ZZ002", "IL-2", value=9.0)]
    compared = compare_with_outcomes(predicted(TNF=7.0), rows)
    assert compared["TNF"]["verdict"] == "pass"
    for cytokine in ("IFN", "IL6"):
        assert compared[cytokine]["verdict"] == "no eligible row"
        assert compared[cytokine]["sources"] == []
        assert compared[cytokine]["published_low"] is None


def test_a_row_without_a_number_is_no_source() -> None:
    words = row("ZZ001", "TNF", value=1.0).model_copy(update={"value": None})
    assert compare_with_outcomes(predicted(), [words])["TNF"]["verdict"] == "no eligible row"
    # and what comes after it is one, whatever other analytes stand between
    after = [row("ZZ002", "IL-6", value=3.0), row("ZZ003", "TNF", value=1.0)]
    compared = compare_with_outcomes(predicted(), [words, *after])["TNF"]
    assert [source["id"] for source in compared["sources"]] == ["ZZ003"]
    assert compared["verdict"] == "pass"
