"""The noise is what it says: |e| = 1e-11, by place alone, as often up as down."""

from __future__ import annotations

import numpy as np

from portable.hook.sitecustomize import ENGINES, perturbed
from qsp_lib.model import engines

SIZE = 1e-11


def test_every_value_is_changed_by_its_own_e() -> None:
    found = perturbed(np.ones((4, 50, 60)), SIZE) - 1
    assert np.all((np.abs(found) > 0.99 * SIZE) & (np.abs(found) < 1.01 * SIZE))
    signs = np.sign(found)
    assert abs(signs.mean()) < 0.03
    # neighbours in no direction go together
    for axis in range(3):
        together = (np.diff(signs, axis=axis) == 0).mean()
        assert abs(together - 0.5) < 0.03


def test_the_noise_of_a_place_is_the_same_in_a_batch_of_any_size() -> None:
    few, many = (perturbed(np.ones((3, n, n)), SIZE) for n in (5, 9))
    assert np.array_equal(few, many[:, :5, :5])


def test_what_is_zero_or_missing_stays_so() -> None:
    found = perturbed(np.stack([np.zeros((2, 3)), np.full((2, 3), np.nan)]), SIZE)
    assert np.all(found[0] == 0) and np.all(np.isnan(found[1]))


def test_it_wraps_every_engine_there_is() -> None:
    assert sorted(ENGINES.values()) == sorted(f"solve_{name}" for name in engines.ENGINES)
    for module, function in ENGINES.items():
        assert getattr(engines, function).__module__ == module
