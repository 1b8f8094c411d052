"""Every answer says what it rests on."""

from __future__ import annotations

import pytest

from qsp_lib.prediction import Cover
from qsp_lib.prediction.report import drawn_from
from qsp_lib.prediction.setting import prepare
from qsp_lib.protocol.lock import record_of


def test_an_answer_names_its_lock_its_engine_and_its_posterior() -> None:
    record = record_of("v1")
    said = prepare("tgn1412", record).said()
    assert said["lock"] == record.summary and said["engine"] == record.solver.engine
    assert said["posterior"] == "Laplace" and "Laplace" in drawn_from(record)


@pytest.mark.parametrize(
    ("asked", "weight", "words"),
    [
        ("8 mg/kg", 70.0, "560 mg over 1 h (8 mg/kg, 70 kg), given"),
        ("8 mg/kg", 140.0, "800 mg over 1 h (8 mg/kg, 140 kg, at most 800 mg), given"),
        ("900 mg", 70.0, "900 mg over 1 h (900 mg, 70 kg, above the 800 mg that a label allows)"),
    ],
)
def test_a_dose_of_tocilizumab_says_what_the_most_by_weight_did(
    asked: str, weight: float, words: str
) -> None:
    (line,) = Cover(tocilizumab_h=(6.0,), tocilizumab=asked).lines(weight)
    assert line.startswith(f"tocilizumab {words}")
