"""Nested runs are kept whole, by what they are runs of, and read back as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qsp_lib.calibration.candidates import CANDIDATES
from qsp_lib.common.errors import InputError
from qsp_lib.inference.evidence import LIVE_POINTS, NestedRun
from qsp_lib.protocol import nested_runs
from qsp_lib.protocol.nested_runs import FAR_BEHIND, NestedTask

POINTS = np.arange(6.0).reshape(3, 2)
MADE = NestedRun(-27.0, 0.1, POINTS, np.log([0.5, 0.3, 0.2]), 4096)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Seed and live points of the runs that were made, each in an instant."""
    made: list[tuple[int, int]] = []

    def run(problem: object, seed: int, constant: float, live_points: int) -> NestedRun:
        made.append((seed, live_points))
        return MADE

    monkeypatch.setattr(nested_runs, "nested_run", run)
    return made


def test_a_run_that_is_kept_is_read_and_not_made_again(
    asked: list[tuple[int, int]], tmp_path: Path
) -> None:
    task = NestedTask(CANDIDATES["gated"], 1, published_only=False, folder=tmp_path / "runs")
    first, second = task.run(), task.run()
    assert asked == [(1, LIVE_POINTS)]
    assert second.points.tolist() == first.points.tolist() == POINTS.tolist()
    assert (second.log_evidence, second.error, second.calls) == (-27.0, 0.1, 4096)
    assert second.log_weights.tolist() == MADE.log_weights.tolist()


def test_other_seeds_rows_and_structures_are_other_runs(
    asked: list[tuple[int, int]], tmp_path: Path
) -> None:
    tasks = [
        NestedTask(CANDIDATES[name], seed, published_only, tmp_path)
        for name in ("gated", "rest")
        for seed in (1, 2)
        for published_only in (False, True)
    ]
    for task in tasks:
        task.run()
    assert len({task.path for task in tasks}) == len(list(tmp_path.iterdir())) == 8
    assert asked.count((1, LIVE_POINTS)) == asked.count((1, FAR_BEHIND["rest"])) == 2


def test_without_a_folder_nothing_is_kept(asked: list[tuple[int, int]]) -> None:
    task = NestedTask(CANDIDATES["gated"], 3, published_only=True)
    task.run()
    task.run()
    assert task.path is None and len(asked) == 2


def test_a_damaged_run_is_refused(asked: list[tuple[int, int]], tmp_path: Path) -> None:
    task = NestedTask(CANDIDATES["gated"], 1, published_only=False, folder=tmp_path)
    task.run()
    assert task.path is not None
    task.path.write_bytes(task.path.read_bytes()[:100])
    with pytest.raises(InputError, match="is damaged .* take the file away"):
        task.run()
    assert len(asked) == 1
