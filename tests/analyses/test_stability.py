"""Where the order breaks: the map of the two thresholds, and the search along directions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from qsp_lib.analyses import ordering, robustness, stability
from qsp_lib.analyses.ordering import Order
from qsp_lib.common.errors import InputError
from qsp_lib.inference.sweeping import SweepError
from qsp_lib.model import severity
from qsp_lib.model.simulation import simulate
from qsp_lib.protocol import ORDERED
from qsp_lib.protocol.lock import Record, current_record

Array = NDArray[np.float64]
HERE: dict[str, Any] = {"workers": 1}


@pytest.fixture(scope="module")
def lock() -> Record:
    return current_record()


def test_the_map_has_K_M_across_and_K_S_up(lock: Record) -> None:
    found = stability.stability_map(lock, 4.0, 3, **HERE)
    assert found.factors == pytest.approx([0.25, 1.0, 4.0])
    assert found.K_M == pytest.approx(lock.network.K_M * found.factors)
    assert found.mark == f"unlocked copy of lock {lock.version}"
    assert sum(found.counts.values()) == 9 and found.wrong == 9 - found.counts["expected"]
    for row, column in ((0, 2), (2, 0), (1, 1)):
        network = lock.network.unlocked().replace(K_S=found.K_S[row], K_M=found.K_M[column])
        z = {}
        for arm in robustness.simulator(lock).arms:
            z[arm.drug.name] = float(severity.index(simulate(arm.drug, network, arm.regimen)))
        mild, middle, severe = (z[drug] for drug in ORDERED)
        smallest = min(middle - mild, severe - middle)
        assert found.smallest_gap[row, column] == pytest.approx(smallest, abs=1e-4)
        assert (found.orders[row, column] == Order.EXPECTED) == (smallest > severity.TIE)


def linear_indices(weights: dict[str, float], size: int) -> Callable[..., dict[str, Array]]:
    """Stands in for simulations: the upper gap falls linearly in the log factors."""

    def at_factors(run: Any, record: Any, factors: Array, options: Any) -> dict[str, Array]:
        logs = np.log(factors) @ np.array(list(weights.values()))
        return {"gap.low": np.full(len(factors), 1.0), "gap.high": 0.05 + size - logs}

    return at_factors


def test_the_break_is_found_where_it_is(lock: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    # gap = tie + log 3 - log f_M: breaks at f_M = 3, whatever K_S, so never when K_M falls
    stand_in = linear_indices({"K_M": 1.0, "K_S": 0.0}, np.log(3.0))
    monkeypatch.setattr(stability, "_at_factors", stand_in)
    table = stability.breaking_points(lock, 50.0, directions=8, steps=30).set_index("angle")
    for angle in (0.0, 45.0, 315.0):
        assert table.loc[angle, "K_M"] == pytest.approx(3.0, rel=np.log(50) / 900)
        assert table.loc[angle, "K_M"] >= 3.0
        assert table.loc[angle, "order"] == "tied"
    assert table.loc[45.0, ["K_S", "factor"]].tolist() == pytest.approx(
        [table.loc[45.0, "K_M"]] * 2
    )
    assert table.loc[0.0, "K_S"] == 1.0
    for angle in (90.0, 135.0, 180.0, 225.0, 270.0):
        assert np.isinf(table.loc[angle, "factor"])
        assert table.loc[angle, "order"] == "expected"


def test_the_break_found_in_the_model_is_one(lock: Record) -> None:
    table = stability.breaking_points(lock, 4.0, directions=4, steps=6, **HERE)
    assert len(table) == 4
    run = robustness.simulator(lock, stability.THRESHOLDS)
    step = np.exp(np.log(4.0) / 36)
    centre = np.array([run.network.K_M, run.network.K_S])
    for row in table.itertuples():
        # the direction, rebuilt from the row: factors at the break, and one step before it
        way = np.array([np.cos(np.radians(row.angle)), np.sin(np.radians(row.angle))])
        at = row.factor if np.isfinite(row.factor) else 4.0
        factors = np.stack([at**way, (at / step) ** way])
        peaks = dict(zip(run.quantities, run(centre * factors).T, strict=True))
        here, before = ordering.orders(robustness.derived(peaks))
        assert (here == Order.EXPECTED) == np.isinf(row.factor)
        assert before == Order.EXPECTED


class Stopped(Exception):
    """Stands in for a process that is ended."""


def test_a_search_that_was_stopped_goes_on_where_it_was(
    lock: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {"up_to": 4.0, "directions": 2, "steps": 2, "workers": 1, "chunk": 2}
    whole = stability.breaking_points(lock, **given)
    real, seen, allowed = ordering.PeakSimulator.__call__, [], [3]

    def counted(run: ordering.PeakSimulator, points: Array) -> Array:
        if not allowed[0]:
            raise Stopped
        allowed[0] -= 1
        seen.extend(map(tuple, points))
        return real(run, points)

    monkeypatch.setattr(ordering.PeakSimulator, "__call__", counted)
    # 4 rows a pass, 2 a chunk: the stop is in the middle of the second pass
    with pytest.raises(SweepError, match="2 of 4 rows are finished and kept in .*pass-2"):
        stability.breaking_points(lock, **given, checkpoint=tmp_path / "kept")
    allowed[0] = 1
    for _ in range(2):  # the second time nothing is left to do
        found = stability.breaking_points(lock, **given, checkpoint=tmp_path / "kept")
        pd.testing.assert_frame_equal(found, whole, check_exact=True)
    assert allowed[0] == 0 and len(seen) == 8
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["pass-1", "pass-2"]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("stability_map", {"points": 1}, "a grid of 1 point a side is no map; expected 2 or more"),
        ("stability_map", {"factor": 1.0}, "the map's factor is 1.0"),
        ("stability_map", {"factor": -3.0}, "the map's factor is -3.0"),
        ("breaking_points", {"up_to": 0.5}, "expected a factor above 1"),
        ("breaking_points", {"directions": 0}, "in 0 directions"),
        (
            "breaking_points",
            {"names": ("K_M", "K_S", "k_fb")},
            "along K_M, K_S, k_fb; expected the",
        ),
        ("breaking_points", {"names": ("K_M",)}, "along K_M; expected the names of two different"),
        ("breaking_points", {"names": ("K_M", "K_M")}, "along K_M, K_M; expected the names of two"),
    ],
)
def test_bad_input_is_refused(lock: Record, name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        getattr(stability, name)(lock, **options)
