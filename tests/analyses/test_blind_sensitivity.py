"""What a blind prediction rests on, told by exchanging one group of inputs at a time."""

from __future__ import annotations

import numpy as np
import pytest

from qsp_lib.analyses.blind_sensitivity import variance_shares
from qsp_lib.common.errors import InputError

N = 20_000


@pytest.mark.parametrize(("of_fit", "of_declared"), [(1.0, 0.0), (3.0, 1.0), (0.5, 2.0)])
def test_shares_of_a_sum_are_those_of_its_variances(of_fit: float, of_declared: float) -> None:
    fit, declared = np.random.default_rng(1).normal(size=(2, N))
    values = of_fit * fit + of_declared * declared
    crossed = of_fit * fit + of_declared * np.roll(declared, -1)
    found = variance_shares(values, crossed)
    whole = of_fit**2 + of_declared**2
    assert found.fit == pytest.approx(of_fit**2 / whole, abs=4 * found.error)
    assert found.declared == pytest.approx(of_declared**2 / whole, abs=4 * found.error)
    assert found.both == pytest.approx(0.0, abs=8 * found.error)


def test_a_product_is_owed_to_both_together() -> None:
    fit, declared = np.random.default_rng(3).normal(size=(2, N))
    found = variance_shares(fit * declared, fit * np.roll(declared, -1))
    assert found.both == pytest.approx(1.0, abs=8 * found.error)


def test_a_draw_that_failed_is_left_out() -> None:
    fit = np.random.default_rng(4).normal(size=N)
    gone = fit.copy()
    gone[::7] = np.nan
    assert variance_shares(gone, fit).fit == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("values", "crossed"),
    [(np.ones(10), np.ones(10)), (np.arange(4.0), np.arange(5.0)), (np.ones(2), np.ones(2))],
)
def test_nothing_to_share_out_is_refused(values: np.ndarray, crossed: np.ndarray) -> None:
    with pytest.raises(InputError):
        variance_shares(values, crossed)
