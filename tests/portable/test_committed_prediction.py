"""The prediction on file comes out of the record again, from all of its draws."""

from __future__ import annotations

import json

import pytest

from qsp_lib.chapters.results import largest_difference
from qsp_lib.protocol.blind_test import predict, prediction_path
from qsp_lib.protocol.lock import lock_path, read_record

pytestmark = pytest.mark.portable


@pytest.mark.parametrize(("version", "draws"), [("v1", 2000), ("v2", 4000)])
def test_the_quantiles_shares_and_verdicts_on_file_are_made_again(version: str, draws: int) -> None:
    record = read_record(lock_path(version), against_code=False)
    on_file = json.loads(prediction_path(record).read_text(encoding="utf-8"))
    assert on_file["draws"] == draws
    assert largest_difference(on_file, predict(record)) < 1e-6
