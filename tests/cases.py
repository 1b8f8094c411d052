"""Which cases of a test `make test` tries; `make test-thorough` tries the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def quick(cases: Iterable[Any], few: Collection[Any]) -> list[Any]:
    """All cases for parametrize, of which only ``few`` are no thorough ones.

    >>> [case.marks == () for case in quick("abc", few="b")]
    [False, True, False]
    """
    everything = list(cases)
    strange = [case for case in few if case not in everything]
    assert not strange, f"no cases: {strange}"
    return [
        pytest.param(
            *(case if type(case) is tuple else (case,)),
            marks=() if case in few else pytest.mark.thorough,
        )
        for case in everything
    ]
