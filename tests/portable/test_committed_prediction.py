"""The prediction on file comes out of the record again, from all of its draws."""

from __future__ import annotations

import json

import pytest

from qsp_lib.chapters.results import largest_difference
from qsp_lib.protocol.blind_test import predict
from qsp_lib.protocol.lock import read_record
from qsp_lib.protocol.places import PACKAGED

pytestmark = pytest.mark.portable


def test_the_quantiles_shares_and_verdicts_on_file_are_made_again() -> None:
    record = read_record(PACKAGED.locks / "lock-v1.json", against_code=False)
    on_file = json.loads((PACKAGED.predictions / "prediction-v1.json").read_text(encoding="utf-8"))
    assert on_file["draws"] == 2000
    assert largest_difference(on_file, predict(record)) < 1e-6
