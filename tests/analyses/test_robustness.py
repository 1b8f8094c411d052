"""Robustness around the lock: what is drawn, what is accepted, and where the order breaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qsp_lib.analyses import ordering, robustness, stability
from qsp_lib.analyses.ordering import Order
from qsp_lib.common.errors import InputError, LockError
from qsp_lib.common.workers import pool
from qsp_lib.inference.rejection_sampling import Sample, sample_of, sobol, wilson
from qsp_lib.inference.sweeping import sweep
from qsp_lib.model import severity
from qsp_lib.model.draws import Draws
from qsp_lib.model.engines import Outcome
from qsp_lib.model.equations import NETWORK
from qsp_lib.model.parameters import DrugInputs
from qsp_lib.model.priors import network_table
from qsp_lib.model.simulation import simulate
from qsp_lib.model.trajectory import Trajectory
from qsp_lib.protocol import ORDERED
from qsp_lib.protocol.lock import Record, current_record, lock_path, read_record

Array = NDArray[np.float64]
HERE: dict[str, Any] = {"workers": 1}
N = 64


@pytest.fixture(scope="module")
def lock() -> Record:
    return current_record()


@pytest.fixture(scope="module")
def locked(lock: Record) -> dict[str, float]:
    return robustness.at_lock(lock)


@pytest.fixture(scope="module")
def draws(lock: Record) -> Sample:
    return robustness.ensemble(lock, N, seed=1, **HERE)


def test_the_published_share_has_the_published_interval() -> None:
    published = wilson(*robustness.PUBLISHED)
    shown = [f"{100 * v:.1f}" for v in (published.value, published.low, published.high)]
    assert shown == ["13.8", "12.9", "14.8"]


def test_at_lock_v1_the_indices_are_the_recorded_ones() -> None:
    first = read_record(lock_path("v1"), against_code=False)
    found = robustness.at_lock(first)
    for drug, z in first.severity_indices.items():
        assert found[f"z.{drug}"] == pytest.approx(z, abs=5e-5)


def test_at_the_lock_the_indices_are_those_of_its_own_runs(
    lock: Record, locked: dict[str, float]
) -> None:
    for drug in ORDERED:
        assert locked[f"z.{drug}"] == pytest.approx(float(severity.index(lock.run(drug))), abs=5e-5)
    assert locked["gap.low"] == pytest.approx(locked["z.okt3"] - locked["z.blinatumomab"])
    assert locked["gap.high"] == pytest.approx(locked["z.tgn1412"] - locked["z.okt3"])


def test_peaks_are_within_1e_4_of_a_dense_and_tight_integration(lock: Record) -> None:
    run = robustness.simulator(lock)
    points = sobol(40, len(NETWORK), 9)
    points = robustness.space(lock, 4.0).quantile(points)
    peaks = dict(zip(run.quantities, run(points).T, strict=True))
    sets = Draws({name: points[:, i] for i, name in enumerate(NETWORK)})
    for arm in run.arms:
        dense = simulate(arm.drug, run.network, arm.regimen, draws=sets, rtol=1e-10, atol=1e-11)
        for state in arm.states:
            found = peaks[f"{arm.drug.name}.{state}"]
            assert np.abs(found / dense.peak(state).value - 1).max() < 1e-4


@pytest.mark.thorough
@pytest.mark.parametrize(("workers", "chunk"), [(1, 1), (1, 5), (2, 4)])
def test_results_are_the_same_to_the_bit_on_any_workers_and_chunks(
    lock: Record, workers: int, chunk: int
) -> None:
    run = robustness.simulator(lock)
    points = robustness.space(lock).quantile(sobol(13, len(NETWORK), 2))
    whole = run(points)
    assert np.isfinite(whole).all()
    assert np.array_equal(sweep(run, points, workers=workers, chunk=chunk), whole)


def test_all_17_are_drawn_around_the_lock_and_hill_exponents_from_1_to_4(
    lock: Record, draws: Sample
) -> None:
    assert draws.names == NETWORK
    centre = np.array(list(lock.network.values().values()))
    factors = draws.points / centre
    assert np.all((factors > 0.5) & (factors < 2.0))
    wide = robustness.space(lock, 10.0)
    for name, low, high in zip(wide.names, wide.low, wide.high, strict=True):
        value = lock.network.values()[name]
        expected = (1.0, 4.0) if name in ("n_M", "n_S") else (value / 10, value * 10)
        assert (low, high) == pytest.approx(expected)


def test_the_first_draws_of_many_are_the_draws_of_few(lock: Record, draws: Sample) -> None:
    few = robustness.ensemble(lock, 10, seed=1, **HERE)
    assert np.array_equal(few.points, draws.points[:10])
    assert np.array_equal(few.quantities["gap.high"], draws.quantities["gap.high"][:10])
    assert np.array_equal(few.accepted, draws.accepted[:10])


def test_acceptance_is_order_and_bands_and_no_okt3_level(
    draws: Sample, locked: dict[str, float]
) -> None:
    bands = [band.quantity for band in draws.criteria if not band.quantity.startswith("gap.")]
    assert bands == [
        "level.blinatumomab.IL6",
        *(f"level.tgn1412.{c}" for c in ("TNF", "IFN", "IL6")),
    ]
    expected = np.full(N, True)
    for quantity in bands:
        ratio = draws.quantities[quantity] / locked[quantity]
        expected &= (ratio > 1 / 3) & (ratio < 3)
    for gap in ("gap.low", "gap.high"):
        expected &= draws.quantities[gap] > 0.05
    assert np.array_equal(draws.accepted, expected)
    assert 0 < draws.share.held < N


def test_everything_is_made_from_marked_unlocked_copies(lock: Record) -> None:
    run = robustness.simulator(lock)
    assert run.mark == f"unlocked copy of lock {lock.version}"
    point = np.array([list(lock.network.values().values())])
    with pytest.raises(LockError, match="is locked by lock"):
        replace(run, network=lock.network)(point)


def test_an_integration_that_fails_in_one_arm_is_rejected_and_no_order(
    lock: Record, locked: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_once(drug: DrugInputs, *args: Any, **options: Any) -> Trajectory:
        trajectory = simulate(drug, *args, **options)
        if drug.name != "okt3":
            return trajectory
        states, outcomes = trajectory.states.copy(), list(trajectory.outcomes)
        states[:, 1], outcomes[1] = np.nan, Outcome.SOLVER_FAILED
        return replace(trajectory, states=states, outcomes=tuple(outcomes))

    run = robustness.simulator(lock)
    points = np.tile(list(lock.network.values().values()), (3, 1))
    monkeypatch.setattr(ordering, "simulate", fails_once)
    peaks = run(points)
    assert np.isnan(peaks[1]).all() and np.isfinite(peaks[[0, 2]]).all()
    sample = sample_of(
        run.names,
        points,
        points,
        run.quantities,
        peaks,
        robustness.criteria(locked, 3.0),
        robustness.derived,
    )
    assert sample.failed == 1
    assert not sample.passes[:, 1].any()
    assert ordering.orders(sample.quantities)[1] == Order.FAILED


def test_orders_are_told_apart() -> None:
    gaps = {
        (0.06, 0.06): Order.EXPECTED,
        (0.05, 0.06): Order.TIED,
        (0.06, 0.0): Order.TIED,
        (0.5, -0.05): Order.TIED,
        (0.5, -0.06): Order.REVERSED,
        (-0.2, 0.0): Order.REVERSED,
        (np.nan, np.nan): Order.FAILED,
    }
    low, high = np.array(list(gaps)).T
    found = ordering.orders({"gap.low": low, "gap.high": high})
    assert found.tolist() == list(gaps.values())
    close = ordering.in_sequence({"gap.low": low, "gap.high": high})
    assert close.tolist() == [True, True, False, False, False, False, False]


def test_feedback_off_is_a_feedback_of_no_strength(lock: Record) -> None:
    values = lock.network.values()
    weak = network_table()["k_fb"].lower
    assert weak < 1e-3 * values["k_fb"]
    point = np.array([list((values | {"k_fb": weak}).values())])
    off = robustness.simulator(lock, feedback="none")
    assert off.network.feedback == "none"
    assert off(point) == pytest.approx(robustness.simulator(lock)(point), rel=1e-3)


def test_controls_are_the_same_draws(lock: Record, draws: Sample) -> None:
    found = robustness.controls(lock, 8, seed=1, **HERE)
    assert list(found) == ["none", "ungated"]
    for sample in found.values():
        assert np.array_equal(sample.points, draws.points[:8])
        assert sample.criteria == draws.criteria
        assert not np.array_equal(sample.quantities["gap.high"], draws.quantities["gap.high"][:8])
    table = ordering.structures_at_lock(lock)
    assert table["structure"].tolist() == ["none", "ungated", "gated"]


def test_no_network_parameter_has_a_part_in_the_drive(lock: Record) -> None:
    run = robustness.simulator(lock)
    sets = robustness.space(lock, 4.0).quantile(sobol(4, len(NETWORK), 5))
    varied = Draws({name: sets[:, i] for i, name in enumerate(NETWORK)})
    for arm in run.arms:
        peaks = simulate(arm.drug, run.network, arm.regimen, draws=varied).peak("A").value
        assert peaks == pytest.approx(float(lock.run(arm.drug.name).peak("A").value), rel=1e-4)


def test_an_ensemble_can_be_resumed_and_knows_its_lock(lock: Record, tmp_path: Path) -> None:
    one, other = (
        robustness.ensemble(lock, 6, seed=1, checkpoint=tmp_path / "kept", **HERE) for _ in "12"
    )
    assert np.array_equal(one.quantities["gap.high"], other.quantities["gap.high"])
    assert lock.digest in (tmp_path / "kept" / "sweep.json").read_text()
    with pytest.raises(InputError, match="other settings"):
        robustness.ensemble(lock, 6, seed=1, feedback="none", checkpoint=tmp_path / "kept", **HERE)
    with pytest.raises(InputError, match="other inputs"):
        robustness.ensemble(lock, 6, seed=2, checkpoint=tmp_path / "kept", **HERE)


def test_controls_can_be_resumed_and_keep_each_structure_by_itself(
    lock: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = robustness.controls(lock, 6, seed=1, **HERE)
    robustness.ensemble(lock, 6, seed=1, feedback="none", checkpoint=tmp_path / "none", **HERE)
    rows: list[int] = []
    real = ordering.PeakSimulator.__call__

    def counted(run: ordering.PeakSimulator, points: Array) -> Array:
        rows.append(len(points))
        return real(run, points)

    monkeypatch.setattr(ordering.PeakSimulator, "__call__", counted)
    for draws_made in (6, 0):  # of "ungated", which was left to do; then of nothing
        rows.clear()
        found = robustness.controls(lock, 6, seed=1, checkpoint=tmp_path, **HERE)
        assert sum(rows) == draws_made + len(found)  # each structure once at the lock
        for feedback, sample in found.items():
            for name, values in alone[feedback].quantities.items():
                assert np.array_equal(sample.quantities[name], values)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["none", "ungated"]


@pytest.mark.thorough
def test_one_executor_serves_every_part(lock: Record, draws: Sample) -> None:
    with pool(2) as executor:
        found = robustness.ensemble(lock, N, seed=1, executor=executor, chunk=16)
        assert np.array_equal(found.quantities["gap.high"], draws.quantities["gap.high"])
        stability.stability_map(lock, 2.0, 2, executor=executor)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("ensemble", {"n_draws": 0}, "0 draws of 17 coordinates"),
        ("ensemble", {"width": -2.0}, "the width is -2.0; expected a finite factor above 1"),
        ("ensemble", {"width": 0.0}, "the width is 0.0"),
        ("ensemble", {"width": 1.0}, "the width is 1.0"),
        ("ensemble", {"band": 1.0}, "is empty; expected a factor above 1"),
        ("ensemble", {"feedback": "some"}, "feedback"),
        ("simulator", {"names": ["k_exh"]}, "no network parameter 'k_exh'"),
    ],
)
def test_bad_input_is_refused(lock: Record, name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        getattr(robustness, name)(lock, **options)


def test_a_negative_tie_is_refused() -> None:
    with pytest.raises(InputError, match="the tie is -0.1; expected 0 or more"):
        robustness.order_criteria(-0.1)
