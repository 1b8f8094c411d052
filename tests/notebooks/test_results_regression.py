"""The numbers the chapters have just computed are the committed ones, within a stated tolerance.

``make test`` runs the chapters, which write to ``_build/test-results``, and then this.
"""

from __future__ import annotations

import pytest

from qsp_lib.chapters import chapter as chapters
from qsp_lib.chapters import notebooks, results
from qsp_lib.chapters.results import Tolerance
from qsp_lib.chapters.runner import BUILD

RTOL = 1e-6
# the first pattern that fits a key path, as in 01_calibration/values/fit/rms, decides
TOLERANCES = (
    # an optimum is found to its search tolerance, loosest where the data leave a direction flat
    Tolerance("01_calibration/values/*", 1e-4, 1e-6),
    Tolerance("02_locking/values/[cflopq]*", 1e-4, 1e-6),
    # a sampler takes another path after one rounding error
    Tolerance("03_blind_prediction/values/sampler/*", 0.2, 0.05),
    Tolerance("08_dose_response/values/sampler/*", 0.2, 0.1),
    # where a curve jumps, its steepest slope depends on the last digit
    Tolerance("08_dose_response/values/steepest_interval*", 1e-3),
)

NAMES = sorted(path.stem for path in chapters.NOTEBOOKS.glob("*.ipynb"))
FRESH = BUILD / "test-results"


@pytest.mark.regression
def test_there_are_chapters() -> None:
    assert notebooks.chapter_names()


@pytest.mark.regression
@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_are_the_committed_ones(name: str) -> None:
    committed = results.load(name, results.COMMITTED)
    assert (FRESH / f"{name}.json").exists(), "run this by `make test`, which runs the chapters"
    differences = results.compare(committed, results.load(name, FRESH), RTOL, TOLERANCES)
    assert not differences, "\n".join(map(str, differences))
