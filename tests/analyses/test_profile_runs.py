"""Profiles kept one by one: gone on with, told apart by what they depend on, refused if damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qsp_lib.analyses import profile_runs
from qsp_lib.analyses.profile_runs import OptimaRun, ProfileRun
from qsp_lib.common.errors import InputError
from qsp_lib.inference.profiles import End, Profile
from qsp_lib.protocol.lock import current_record

THETA = np.array([0.25, -1.5])


def made_up(name: str) -> Profile:
    values = np.linspace(-1.0, 1.0, 5)
    paths = np.column_stack([values, values**2])
    return Profile(name, values, values**2, paths, 1.5, 0.0, -0.7, 0.9, End.CROSSED, End.OPEN)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was computed, in order."""
    calls: list[str] = []

    def optima(record: object, setting: str) -> list[np.ndarray]:
        calls.append(setting)
        return [THETA, THETA + 1.0]

    def profiles(record: object, names: tuple[str], setting: str, optima: object) -> dict:
        calls.append(names[0])
        return {names[0]: made_up(names[0])}

    monkeypatch.setattr(profile_runs, "local_optima", optima)
    monkeypatch.setattr(profile_runs, "profiles_of", profiles)
    return calls


def test_a_run_goes_on_from_what_it_kept(tmp_path: Path, counted: list[str]) -> None:
    record = current_record()
    for _ in range(2):
        optima = OptimaRun(record, "pair", tmp_path).run()
        found = ProfileRun(record, "pair", "k_fb", optima, tmp_path).run()
        assert [theta.tolist() for theta in optima] == [[0.25, -1.5], [1.25, -0.5]]
        expected = made_up("k_fb")
        assert (found.low, found.high, found.verdict) == (-0.7, 0.9, expected.verdict)
        for part in ("values", "rise", "theta"):
            assert np.array_equal(getattr(found, part), getattr(expected, part))
    assert counted == ["pair", "k_fb"]


def test_another_start_or_setting_is_another_profile(tmp_path: Path, counted: list[str]) -> None:
    record = current_record()
    for setting, start in (("pair", THETA), ("pair", THETA + 1e-9), ("all_il6", THETA)):
        ProfileRun(record, setting, "k_fb", [start], tmp_path).run()
    assert counted == ["k_fb"] * 3
    ProfileRun(record, "pair", "k_fb", [THETA]).run()
    assert len(counted) == 4, "without a folder nothing is kept"


def test_a_damaged_file_is_named(tmp_path: Path, counted: list[str]) -> None:
    run = ProfileRun(current_record(), "pair", "K_M", [THETA], tmp_path)
    run.run()
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputError, match=rf"{file.name} is damaged.*take the file away"):
        run.run()
