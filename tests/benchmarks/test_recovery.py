"""Ten data sets whose truth is known: the intervals of a fit hold it about nine times in ten."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import recovery
from qsp_lib.own_data import OFFSET
from qsp_lib.protocol import current_record

SETS, DRAWS = 10, 200


@pytest.mark.thorough
def test_the_intervals_of_ten_fits_hold_the_truth() -> None:
    """Seven or more of ten: by chance alone, one time in eighty is it fewer."""
    found = [*recovery.recover(SETS, DRAWS)]
    for name in recovery.ESTIMATE:
        assert sum(each.held[name] for each in found) >= 7, name
    truths = [each.truth["k_exh"] for each in found]
    assert len(set(truths)) == SETS


def test_the_data_are_the_truths_levels_with_noise_and_offsets() -> None:
    posed = recovery.made_up(current_record())
    assert len(posed.data.points) == 20 and len(posed.data.sharers) == 4
    made, z = recovery.with_truth(posed, 3)
    joint = recovery.draws_for(posed.setting, 4, posed.seed + recovery._TRUTHS)
    off = made.data.levels - replace(posed, joint=joint).levels(z[None], np.array([3]))[0]
    spread = np.hypot(recovery.NOISE, float(OFFSET.at(z[-1])))
    assert 0.3 * spread < off.std() < 2.5 * spread
    again, _ = recovery.with_truth(posed, 3)
    assert again.data == made.data and recovery.with_truth(posed, 4)[0].data != made.data


def test_too_few_or_too_many_held_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def all_of(sets: int, *_: int) -> list[recovery.Recovered]:
        held = dict.fromkeys(recovery.ESTIMATE, True)
        return [recovery.Recovered(i, {}, held) for i in range(sets)]

    monkeypatch.setattr(recovery, "recover", all_of)
    assert recovery.main(["--sets", "100"]) == 1
    assert recovery.main(["--sets", "10"]) == 0
    assert "held the truth in 10 of 10" in capsys.readouterr().out
