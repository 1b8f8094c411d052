"""What a verification says it found."""

from __future__ import annotations

import pytest

from qsp_lib.common.errors import LockError
from qsp_lib.protocol.findings import (
    DIFFERS,
    LEFT_OUT,
    NOT_NAMED,
    SAME,
    UNFINISHED,
    UNTOLD,
    Finding,
    compared,
    parted,
)


@pytest.mark.parametrize(
    ("differences", "verdict", "detail"),
    [
        ([], SAME, "3 numbers"),
        (["a is 1"], DIFFERS, "a is 1"),
        (["a is 1", "b is 2"], DIFFERS, "a is 1, and 1 more"),
        (["a is 1", "b is 2", "c is 3"], DIFFERS, "a is 1, and 2 more"),
    ],
)
def test_the_first_difference_is_told_and_the_rest_are_counted(
    differences: list[str], verdict: str, detail: str
) -> None:
    found = parted("a table", "its digest", iter(differences), "3 numbers")
    assert found == Finding("a table", "its digest", verdict, detail)


def test_a_refusal_is_a_difference() -> None:
    def refuse() -> str:
        raise LockError("it was edited.")

    assert compared("a", "b", lambda: "whole") == Finding("a", "b", SAME, "whole")
    assert compared("a", "b", refuse) == Finding("a", "b", DIFFERS, "it was edited.")


def test_what_differs_or_was_interrupted_has_to_be_mended() -> None:
    verdicts = (SAME, DIFFERS, UNTOLD, NOT_NAMED, UNFINISHED, LEFT_OUT)
    assert [v for v in verdicts if Finding("a", "b", v).wrong] == [DIFFERS, UNFINISHED]
