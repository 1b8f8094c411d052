"""The second profiler: known answers on a small problem, and the verdicts that are kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from qsp_lib import analyses
from qsp_lib.__main__ import main
from qsp_lib.analyses import second_profiler
from qsp_lib.analyses.identifiability import CLAIMED, SETTINGS
from qsp_lib.analyses.kept_profiles import read_kept
from qsp_lib.analyses.second_profiler import read_verdicts, second_profile, write_verdicts
from qsp_lib.common.errors import LockError
from qsp_lib.inference.fitting import Problem
from qsp_lib.inference.profiles import THRESHOLD, End, Identifiability, Profile
from qsp_lib.protocol.lock import Record, current_record, lock_path, read_record, signed

Array = NDArray[np.float64]
WIDE = np.array([20.0, 20.0])


@pytest.fixture(scope="module")
def lock() -> Record:
    return current_record()


@pytest.fixture(scope="module")
def first() -> Record:
    """Lock v1, whose kept verdicts are what the reader is tried on."""
    return read_record(lock_path("v1"), against_code=False)


def problem(residuals: object) -> Problem:
    """Two parameters, called as the claimed pair, without a prior."""
    infinite = np.array([np.inf, np.inf])
    return Problem(("k_fb", "d_IL6"), residuals, -WIDE, WIDE, np.zeros(2), infinite)  # type: ignore[arg-type]


def gaussian(theta: Array) -> Array:
    """``k_fb`` is 1 +- 0.5 and ``d_IL6`` is -1 +- 0.2, independently."""
    x, y = np.atleast_2d(theta).T
    return np.stack([(x - 1) / 0.5, (y + 1) / 0.2], axis=1)


def only_the_difference(theta: Array) -> Array:
    """The data know ``k_fb - d_IL6`` alone: 2 +- 0.3."""
    x, y = np.atleast_2d(theta).T
    return ((x - y - 2) / 0.3)[:, None]


def one_sided(theta: Array) -> Array:
    """Flat below 0, a parabola above."""
    x, y = np.atleast_2d(theta).T
    return np.stack([np.maximum(x, 0.0) / 0.5, y / 0.2], axis=1)


@pytest.mark.parametrize(("name", "mean", "sd"), [("k_fb", 1.0, 0.5), ("d_IL6", -1.0, 0.2)])
def test_the_interval_of_a_gaussian_is_the_closed_form(name: str, mean: float, sd: float) -> None:
    found = second_profile(problem(gaussian), name, np.array([0.5, -0.7]))
    half = np.sqrt(THRESHOLD) * sd
    assert found.verdict is Identifiability.IDENTIFIABLE
    # a crossing counts when the rise is within 0.02 of the threshold
    assert (found.low, found.high) == pytest.approx((mean - half, mean + half), abs=0.01 * half)
    assert found.cost == pytest.approx(0.0, abs=1e-6)


def test_the_ratio_of_two_that_are_not_known_is_known() -> None:
    one = problem(only_the_difference)
    start = np.array([1.5, 0.0])
    assert second_profile(one, "k_fb", start).verdict is Identifiability.FLAT
    assert second_profile(one, "d_IL6", start).verdict is Identifiability.FLAT
    ratio = second_profile(one, "r", start)
    half = np.sqrt(THRESHOLD) * 0.3
    assert ratio.verdict is Identifiability.IDENTIFIABLE
    assert (ratio.low, ratio.high) == pytest.approx((2 - half, 2 + half), abs=0.01 * half)


def test_a_side_without_an_end_is_open_to_the_end_of_the_range() -> None:
    found = second_profile(problem(one_sided), "k_fb", np.array([-0.5, 0.0]))
    assert found.verdict is Identifiability.BOUNDED_ABOVE
    assert found.low == pytest.approx(-3.5)
    assert found.high == pytest.approx(0.5 * np.sqrt(THRESHOLD), rel=0.01)


def test_a_crossing_at_a_cliff_which_no_secant_meets_is_closed_in_on() -> None:
    def cliff(theta: Array) -> Array:
        x, y = np.atleast_2d(theta).T
        return np.stack([np.where(x > 0.976, 5.0, 0.0), y / 0.2], axis=1)

    found = second_profile(problem(cliff), "k_fb", np.array([0.0, 0.0]))
    assert found.high == pytest.approx(0.976, abs=2e-3)


def test_a_lower_valley_met_on_the_way_is_what_both_ends_are_counted_from() -> None:
    """From the shallow valley at 0 up to the deep one at 2, over a ridge that does not stop it."""

    def two_valleys(theta: Array) -> Array:
        x, y = np.atleast_2d(theta).T
        deep = 8 * (x - 2) ** 2
        shallow = 4.5 + 8 * x**2
        return np.stack([np.sqrt(np.minimum(deep, shallow)), (y + 1) / 0.2], axis=-1)

    found = second_profile(problem(two_valleys), "k_fb", np.array([0.0, -1.0]))
    half = np.sqrt(THRESHOLD / 8)
    assert (found.low, found.high) == pytest.approx((2 - half, 2 + half), abs=0.01)
    assert (found.lower_end, found.upper_end) == (End.CROSSED, End.CROSSED)


def test_the_range_ends_at_the_bounds_of_a_parameter() -> None:
    narrow = replace(problem(only_the_difference), lower=np.array([-1.0, -20.0]))
    found = second_profile(narrow, "k_fb", np.array([1.5, 0.0]))
    assert (found.low, found.lower_end) == (pytest.approx(-1.0), End.OPEN)


def test_the_kept_verdicts_are_those_of_our_profiles(lock: Record) -> None:
    ours, second = read_kept(lock).profiles, read_verdicts(lock)
    assert second.found_with.startswith("iminuit ")
    assert set(second.verdicts) == set(SETTINGS)
    for setting, found in second.verdicts.items():
        assert set(found) == set(CLAIMED)
        for name, verdict in found.items():
            mine = ours[setting][name]
            assert verdict.verdict is mine.verdict, (setting, name)
            assert verdict.verdict is Identifiability.of(verdict.lower_end, verdict.upper_end)
            assert (verdict.low, verdict.high) == pytest.approx((mine.low, mine.high), abs=0.1)
            # MINUIT may miss a valley; it finds none that is lower
            assert mine.cost - 2e-3 < verdict.cost < mine.cost + 1.0


def test_verdicts_survive_being_written_and_read(
    lock: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = second_profile(problem(gaussian), "k_fb", np.array([0.5, -0.7]))
    monkeypatch.setattr(second_profiler, "second_profile", lambda *given: made)
    said: list[str] = []
    path = write_verdicts(lock, directory=tmp_path, settings=("pair",), say=said.append)
    assert path == second_profiler.kept_path(lock, tmp_path)
    assert said == [f"{name} (pair): identifiable" for name in CLAIMED]
    again = read_verdicts(lock, tmp_path).verdicts["pair"]["r"]
    assert again.verdict is made.verdict
    assert (again.low, again.high) == pytest.approx((made.low, made.high), rel=1e-4)


def test_a_folder_for_the_verdicts_is_made_before_the_work(
    lock: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = second_profile(problem(gaussian), "k_fb", np.array([0.5, -0.7]))
    folder, found = tmp_path / "not" / "yet", []

    def profiled(*given: object) -> Profile:
        found.append(folder.is_dir())
        return made

    monkeypatch.setattr(second_profiler, "second_profile", profiled)
    write_verdicts(lock, directory=folder, settings=("kept",))
    assert found == [True] * len(CLAIMED)
    assert set(read_verdicts(lock, folder).verdicts) == {"kept"}


def test_the_command_keeps_the_second_verdicts(
    lock: Record, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(record: Record, executor: object, say: Callable[[str], None]) -> Path:
        say("k_fb (pair): flat")
        return Path(f"second-verdicts-{record.version}.json")

    monkeypatch.setattr(analyses, "write_verdicts", write)
    assert main(["profiles", "--second", "--workers", "1"]) == 0
    assert capsys.readouterr().out == (
        f"k_fb (pair): flat\nwrote second-verdicts-{lock.version}.json\n"
    )


def test_verdicts_of_another_lock_or_none_are_refused(first: Record, tmp_path: Path) -> None:
    with pytest.raises(LockError, match="no second verdicts .* 'qsp-crs profiles --second'"):
        read_verdicts(first, tmp_path)
    path = second_profiler.kept_path(first, tmp_path)
    content = json.loads(second_profiler.kept_path(first).read_text(encoding="utf-8"))
    content["lock"]["digest"] = "0" * 64
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(LockError, match="was edited"):
        read_verdicts(first, tmp_path)
    path.write_text(signed(content), encoding="utf-8")
    with pytest.raises(LockError, match="was made from a lock with digest 000000000000"):
        read_verdicts(first, tmp_path)
    del content["with"]
    for text in ("{", "[]", json.dumps(content)):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(LockError, match="cannot be read"):
            read_verdicts(first, tmp_path)
