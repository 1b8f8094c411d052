"""What several test modules share: property tests that repeat exactly, and one joint fit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import settings

from qsp_lib.calibration.candidates import FITTED
from qsp_lib.calibration.joint_fit import make_problem
from qsp_lib.common import recorded
from qsp_lib.inference.fitting import Fit, Problem, fit_from
from qsp_lib.model.parameters import NetworkParameters
from qsp_lib.protocol import locking
from qsp_lib.protocol.ledger import record_file
from qsp_lib.protocol.lock import Record, read_record, write_record
from qsp_lib.protocol.places import PACKAGED, Places, take_turn
from qsp_lib.protocol.record import digest_of

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


def on_record() -> dict[str, tuple[int, int]]:
    """Size and time of every file that is put on record once, by its path in the data."""
    folders = ("locks", "predictions", "posterior", "profiles")
    found = {"ledger.jsonl": PACKAGED.ledger.stat()}
    for folder in folders:  # read twice a test, for thousands of tests
        with os.scandir(PACKAGED.data / folder) as entries:
            found |= {f"{folder}/{entry.name}": entry.stat() for entry in entries}
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


@pytest.fixture(autouse=True)
def nothing_on_record_is_touched() -> Iterator[None]:
    """A test that makes a lock, a prediction or a ledger line makes it somewhere else."""
    before = on_record()
    yield
    assert on_record() == before, "a test wrote into the package's own data; restore it"


@pytest.fixture(scope="session")
def network() -> NetworkParameters:
    """The network at its prior medians, locked by nothing."""
    return NetworkParameters.prior_medians()


@pytest.fixture(scope="session")
def joint_problem() -> Problem:
    """The fit of both fitted drugs."""
    return make_problem(FITTED, inputs="v1")


@pytest.fixture(scope="session")
def joint_fit(joint_problem: Problem) -> Fit:
    """Its optimum from the prior mean."""
    return fit_from(joint_problem, joint_problem.prior_mean)


@pytest.fixture(scope="session")
def content(joint_problem: Problem, joint_fit: Fit) -> Iterator[MappingProxyType[str, Any]]:
    """What a lock record of that optimum holds. No blind drug is simulated to make it."""
    made = locking.compose("v1", "made by a test", "2026-01-01", joint_problem, joint_fit)
    digest = digest_of(made)
    yield MappingProxyType(made)
    assert digest_of(made) == digest, "a test changed what every test shares; let it copy"


@pytest.fixture(scope="session")
def record(
    content: MappingProxyType[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Record]:
    """The record of that content, put on record apart from the real ones and read back."""
    places = Places(tmp_path_factory.mktemp("data"))
    with take_turn(places) as turn:
        path = write_record(content, turn)
        made = read_record(path)
        record_file("lock", path, turn, version="v1", digest=made.digest, summary={})
    both = places.data / "both.jsonl"
    both.write_bytes(PACKAGED.ledger.read_bytes() + places.ledger.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorded, "LEDGER", both)
        yield made
