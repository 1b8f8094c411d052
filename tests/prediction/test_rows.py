"""Which rows of a course are written: what a straight line between them leaves out is bounded."""

from __future__ import annotations

import warnings

import numpy as np

from qsp_lib.prediction.rows import LEFT_OUT, thinned


def test_a_column_that_is_0_throughout_takes_no_row_from_the_others() -> None:
    times = np.linspace(0.0, 10.0, 401)
    bent = np.exp(-times)
    columns = np.stack([bent, np.zeros_like(times)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = thinned(times, columns, ())
    assert np.array_equal(kept, thinned(times, columns[:1], ()))
    between = np.interp(times, times[kept], bent[kept])
    assert np.all(np.abs(between - bent) <= LEFT_OUT * bent + 2e-6)
    assert 10 < kept.size < 200
