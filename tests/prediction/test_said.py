"""Every answer says what it rests on."""

from __future__ import annotations

from qsp_lib.prediction.report import drawn_from
from qsp_lib.prediction.setting import prepare
from qsp_lib.protocol.lock import record_of


def test_an_answer_names_its_lock_its_engine_and_its_posterior() -> None:
    record = record_of("v1")
    said = prepare("tgn1412", record).said()
    assert said["lock"] == record.summary and said["engine"] == record.solver.engine
    assert said["posterior"] == "Laplace" and "Laplace" in drawn_from(record)
