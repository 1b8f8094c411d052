"""Verdicts of claims that are shares: two lines, and what lies too near to them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsp_lib.chapters.verdicts import ShareOfDraws, ShareVerdict
from qsp_lib.common.errors import InputError

SHARES = st.floats(0.0, 1.0)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.95, "agrees"),
        (0.805, "at the line of 80 %"),
        (0.79, "at the line of 80 %"),
        (0.65, "agrees narrowly"),
        (0.49, "at the line of 50 %"),
        (0.3, "differs"),
        (0.0, "differs"),
        (1.0, "agrees"),
    ],
)
def test_the_words_follow_from_the_share_and_its_error(value: float, words: str) -> None:
    assert ShareOfDraws(value, 1000).words == words


def test_more_draws_tell_what_fewer_cannot() -> None:
    assert ShareOfDraws(0.79, 1000).at_the_line == 0.8
    assert ShareOfDraws(0.79, 100_000).words == "agrees narrowly"


@given(SHARES, SHARES)
def test_a_larger_share_never_has_a_worse_verdict(one: float, other: float) -> None:
    order = list(ShareVerdict)
    low, high = sorted((one, other))
    ranks = [order.index(ShareOfDraws(share, 1000).verdict) for share in (high, low)]
    assert ranks == sorted(ranks)


@given(st.lists(st.tuples(st.booleans(), st.floats(0.01, 10.0)), min_size=1, max_size=50))
def test_equal_weights_change_nothing_and_others_cost(
    draws: list[tuple[bool, float]],
) -> None:
    holds = [hold for hold, _ in draws]
    plain, same = ShareOfDraws.of(holds), ShareOfDraws.of(holds, np.full(len(holds), 3.0))
    assert same.value == pytest.approx(plain.value) and same.draws == pytest.approx(len(holds))
    weights = np.array([weight for _, weight in draws])
    weighted = ShareOfDraws.of(holds, weights)
    assert 1.0 - 1e-9 <= weighted.draws <= len(holds) * (1 + 1e-9)
    assert weighted.value == pytest.approx(weights[np.array(holds)].sum() / weights.sum())


@pytest.mark.parametrize(
    ("holds", "weights"),
    [([], None), ([True], [0.0]), ([True, False], [1.0]), ([True], [-1.0]), ([True], [np.nan])],
)
def test_what_is_no_sample_is_refused(holds: list[bool], weights: list[float] | None) -> None:
    with pytest.raises(InputError):
        ShareOfDraws.of(holds, weights)


def test_no_share_outside_zero_and_one() -> None:
    with pytest.raises(InputError, match=r"a share of 1\.2 of 10 draws"):
        ShareOfDraws(1.2, 10)
