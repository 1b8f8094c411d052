"""What a median becomes when values below the floor of an assay are left out of it."""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray


def median_above(median_log10: ArrayLike, sd: float, floor_log10: float) -> NDArray[np.float64]:
    """Median (log10) of the values above an assay's floor, where that of all is ``median_log10``.

    Single values are normal in log10 about their median mu with standard deviation s. With p the
    share above the floor it is the value that p/2 exceed: mu + s Phi^-1(1 - p/2).

    Args:
        median_log10: of any shape; so is what is returned, finite however few lie above.
        sd: of single values, in log10.
        floor_log10: below which no value is read.
    """
    mu = np.asarray(median_log10, dtype=float)
    log_above = scipy.special.log_ndtr((mu - floor_log10) / sd)
    # Phi^-1(1 - p/2) = -Phi^-1(p/2), taken in logarithms since p may be too small for a float
    return np.asarray(mu - sd * scipy.special.ndtri_exp(log_above - math.log(2.0)))
