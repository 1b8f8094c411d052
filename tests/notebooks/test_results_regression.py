"""The numbers the chapters have just computed are the committed ones, within the tolerances
that :mod:`tolerances` states.

``make test`` runs the chapters, which write to ``_build/test-results``, and then this.
"""

from __future__ import annotations

import pytest
from tolerances import ANYWHERE, RTOL

from qsp_lib.chapters import chapter as chapters
from qsp_lib.chapters import notebooks, results
from qsp_lib.chapters.runner import BUILD

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
    differences = results.compare(committed, results.load(name, FRESH), RTOL, ANYWHERE)
    assert not differences, "\n".join(map(str, differences))
