"""Chapter 4: the seven phenomena, each as its cell measures and judges it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from lessons import cells_of
from matplotlib import pyplot as plt

from qsp_lib.analyses import rescue
from qsp_lib.protocol.lock import current_record

pytestmark = pytest.mark.thorough
CHAPTER = "04_rescue"


@pytest.fixture(scope="module")
def lesson() -> Iterator[dict[str, Any]]:
    with plt.rc_context():
        plt.switch_backend("agg")
        yield cells_of(CHAPTER, "verdicts, holds_in = {}, {}", n_draws=50, sweep_points=9)
    plt.close("all")


def test_without_receptor_mediated_clearance_total_il6_does_not_rise(
    lesson: dict[str, Any],
) -> None:
    run = lesson["simulate_all"](f_R=0.0)
    # the feedback is cut as well, so the total can only fall
    assert float(run.late.at("IL6", 30.0)) <= float(run.untreated.at("IL6", 30.0)) * (1 + 1e-6)
    assert not lesson["total_rises"](run)[0]


def test_upstream_is_spared_by_construction(lesson: dict[str, Any]) -> None:
    holds, change = lesson["upstream_spared"](lesson["at_lock"])
    assert holds and all(abs(float(value)) < 1e-6 for value in change.values())


def test_what_follows_from_the_equations_appears_in_every_draw(lesson: dict[str, Any]) -> None:
    verdicts = lesson["verdicts"]
    by_construction = [key for key, one in verdicts.items() if one["kind"] == "construction"]
    assert by_construction == ["upstream spared"]
    assert verdicts["upstream spared"]["share of draws"] == 1.0


def test_evidence_is_for_or_against_and_not_both(lesson: dict[str, Any]) -> None:
    for _, _, pro, contra in lesson["phenomena"].values():
        assert pro and not set(pro) & set(contra)
    assert lesson["phenomena"]["the earlier the better"][3] == ["TZ020"]


def test_each_draw_has_a_verdict_and_the_locked_values_are_one_of_them(
    lesson: dict[str, Any],
) -> None:
    assert len(lesson["phenomena"]) == 7
    for judge, *_ in lesson["phenomena"].values():
        assert np.shape(judge(lesson["at_lock"])[0]) == ()
        assert np.shape(judge(lesson["over_draws"])[0]) == (50,)


def test_where_no_dose_is_too_small_the_seventh_phenomenon_is_absent(
    lesson: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = current_record()
    enough = {d: rescue.simulate_course(record, 6.0, mg_per_kg=d) for d in (4.0, 8.0)}
    run = SimpleNamespace(untreated=lesson["at_lock"].untreated, small=enough)
    monkeypatch.setitem(lesson, "doses", np.array(list(enough)))
    assert not lesson["too_little_fails"](run)[0]


@pytest.mark.parametrize(
    ("changed", "label", "share"),
    [  # a criterion that every draw meets, or none can
        (
            {"after_day > 0.25": "after_day > 0.0", "after_days < 0.5": "after_days < 9.0"},
            "CRP follows",
            1.0,
        ),
        ({"lowest > 0.9": "lowest > 1.0"}, "one dose is enough", 0.0),
        ({"FAILS_ABOVE = 0.20": "FAILS_ABOVE = -1.0"}, "too little fails", 1.0),
        ({"early_drop >= 1": "early_drop >= 5"}, "severity falls", 0.0),
    ],
)
def test_another_criterion_in_the_cell_gives_another_verdict(
    lesson: dict[str, Any], changed: dict[str, str], label: str, share: float
) -> None:
    assert lesson["verdicts"][label]["share of draws"] != share
    other = cells_of(CHAPTER, "verdicts, holds_in = {}, {}", changed, n_draws=50, sweep_points=9)
    assert other["verdicts"][label]["share of draws"] == share
