"""The committed prediction holds every locked value in place, digest or no digest.

Its draws are made again by chapter 3, which says whether they differ by more than 1e-6.
"""

from __future__ import annotations

import numpy as np
import pytest

from qsp_lib.model import severity
from qsp_lib.model.draws import Draws
from qsp_lib.model.equations import NETWORK
from qsp_lib.model.simulation import simulate
from qsp_lib.protocol.blind_test import (
    ARMS,
    CYTOKINES,
    committed_prediction,
    run_protocol,
)
from qsp_lib.protocol.lock import Record, current_record

RTOL = 1e-6
CHANGE = 1.001
RATES = {"blinatumomab": ("k_act", "k_exh", "k_kill"), "tgn1412": ("k_act", "k_exh")}


@pytest.fixture(scope="module")
def locked() -> Record:
    return current_record()


def test_the_runs_at_the_locked_values_give_the_numbers_on_file(locked: Record) -> None:
    on_file = committed_prediction(locked)["arms"]
    for name, run in run_protocol(locked).arms.items():
        for c in CYTOKINES:
            peak, base = run.peak(c), severity.baselines()[c]
            assert peak.value + base == pytest.approx(on_file[name][c]["peak"]["central"], rel=RTOL)
            assert peak.time_h == pytest.approx(on_file[name][c]["time"]["central"], rel=1e-4)
        for key, value in severity.definitions(run).items():
            assert value == pytest.approx(on_file[name]["severity"][key]["central"], rel=RTOL)


def peaks_if(locked: Record, drug: str, changes: list[dict[str, float]]) -> np.ndarray:
    """Peaks ``(4, N)`` of the cytokines and the signal, one set a row of changes."""
    inputs, network = locked.drug(drug).unlocked(), locked.network.unlocked()
    values = inputs.values() | network.values()
    names = sorted({name for change in changes for name in change})
    draws = Draws({n: np.array([c.get(n, values[n]) for c in changes]) for n in names})
    run = simulate(inputs, network, locked.regimen(drug), draws=draws)
    return np.stack([np.asarray(run.peak(name).value) for name in (*CYTOKINES, "S")])


def test_a_tenth_of_a_percent_of_any_locked_value_moves_a_number_on_file(locked: Record) -> None:
    largest = dict.fromkeys(NETWORK, 0.0)
    for drug in {drug for drug, _ in ARMS.values()}:
        values = locked.network.values()
        changes = [{name: values[name] * CHANGE} for name in NETWORK]
        peaks = peaks_if(locked, drug, [*changes, {"k_IFN": values["k_IFN"]}])
        moved = np.abs(peaks[:, :-1] / peaks[:, -1:] - 1).max(axis=0)
        for name, share in zip(NETWORK, moved, strict=True):
            largest[name] = max(largest[name], float(share))
    # far enough above the tolerance of the test before this one to fail it
    assert min(largest.values()) > 3 * RTOL, largest


@pytest.mark.parametrize("drug", RATES)
def test_a_tenth_of_a_percent_of_a_drugs_own_rate_moves_a_number_on_file(
    locked: Record, drug: str
) -> None:
    values = locked.drug(drug).values()
    changes = [{name: values[name] * CHANGE} for name in RATES[drug]]
    peaks = peaks_if(locked, drug, [*changes, {"k_act": values["k_act"]}])
    moved = np.abs(peaks[:, :-1] / peaks[:, -1:] - 1).max(axis=0)
    assert np.all(moved > 3 * RTOL)
