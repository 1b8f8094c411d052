"""What the limits page says of the joint fit: each number against the one it was held to."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from book.pages import misses
from book.pages.fragments import BookData
from qsp_lib.chapters import results
from qsp_lib.chapters.results import Results
from qsp_lib.common.errors import InputError

COMMITTED = {misses.FITTED: results.load(misses.FITTED)}


def test_declared_peaks_and_the_last_point_are_those_of_the_observations() -> None:
    text = misses.joint_fit_misses(BookData(Path(), COMMITTED))
    assert misses.observed("TNF", None).value_pg_mL == 20.0
    assert misses.observed("IFN", None).value_pg_mL == 60.0
    assert "against a declared 20 " in text and "against a declared 60 " in text
    assert misses.observed("IL6", 168.0).id in text


@pytest.mark.parametrize(("factor", "words"), [(0.5, "2 times below"), (4.0, "4 times above")])
def test_the_side_of_a_miss_follows_its_number(factor: float, words: str) -> None:
    old = COMMITTED[misses.FITTED]
    values = copy.deepcopy(dict(old.values))
    level = factor * misses.observed("IL6", 168.0).value_pg_mL
    values["off_blinatumomab"]["il6_168h"] = level
    changed = {misses.FITTED: Results(misses.FITTED, values, {}, old.lock)}
    assert words in misses.joint_fit_misses(BookData(Path(), changed))


def test_missing_numbers_and_points_are_named() -> None:
    with pytest.raises(InputError, match="needs the numbers of '02_locking'"):
        misses.joint_fit_misses(BookData(Path(), {}))
    with pytest.raises(InputError, match="0 observations of blinatumomab TNF at 3.0 h"):
        misses.observed("TNF", 3.0)
