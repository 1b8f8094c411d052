"""How far a number of a chapter may be from the committed one, and why no nearer.

Two tables: for a run on any machine, and for one whose simulations are disturbed by 1e-11.
"""

from __future__ import annotations

from qsp_lib.chapters.results import Tolerance

RTOL = 1e-9
"""What processors may differ by: powers and exponentials in their last bits, integrated."""

# the first pattern that fits a key path, as in 01_calibration/values/fit/rms, decides
FITTED = (
    # An optimum is where the slopes are zero, and these are differences over 1e-4 in log10: what
    # moves residuals by 1e-15 moves it by 1e-11. A shift from a prior median may be near 0, hence
    # the absolute part.
    Tolerance("01_calibration/values/*", 1e-8, 1e-8),
    Tolerance("02_locking/values/fit/*", 1e-8, 1e-8),
)
FITTED_DISTURBED = tuple(Tolerance(one.pattern, 1e-5, 1e-6) for one in FITTED)
# Laplace's widths at an optimum as its search ended, 1e-5 decades from where the gradient is zero;
# the sample that they are set beside is kept, so that nothing else of it depends on the machine
WIDTHS = tuple(
    Tolerance(f"03_blind_prediction/values/sampler/{key}*", 1e-4)
    for key in ("sd_ratio", "wider_along_the_stiffest", "others_")
)
# where a curve jumps, its steepest slope is that of two values which almost touch
JUMPS = (Tolerance("08_dose_response/values/steepest_interval*", 1e-6),)
# a Sobol index is a sum of products of both signs as a share of the variance: what it is far from
# is 1, and not the little that is left
SHARES_OF_VARIANCE = (Tolerance("09_population/values/sobol/*", RTOL, 1e-9),)
# a difference of two numbers that are almost equal keeps their absolute error
ANYWHERE = (*FITTED, *WIDTHS, *JUMPS, *SHARES_OF_VARIANCE, Tolerance("*", RTOL, 1e-12))
DISTURBED = (
    *FITTED_DISTURBED,
    *WIDTHS,
    # a course is level at its peak: a change of its values by 1e-11 moves the peak by some 1e-8
    Tolerance("*/time/*", 1e-6),
    Tolerance("*_h", 1e-6),
    *JUMPS,
    *SHARES_OF_VARIANCE,
    # ten times the noise
    Tolerance("*", RTOL, 1e-10),
)
