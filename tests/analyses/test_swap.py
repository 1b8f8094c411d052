"""The swap test: what is exchanged, what is unlocked, and what a reversal is."""

from __future__ import annotations

import numpy as np
import pytest

from qsp_lib.analyses import swap
from qsp_lib.common.errors import InputError, LockError
from qsp_lib.model import severity
from qsp_lib.model.draws import Draws
from qsp_lib.protocol.lock import Record, current_record


@pytest.fixture(scope="module")
def locked() -> Record:
    return current_record()


def test_an_exchange_moves_the_named_inputs_and_no_other(locked: Record) -> None:
    okt3, tgn1412 = swap.inputs_of(locked)
    after_okt3, after_tgn1412 = swap.exchanged(locked, "k_exh")
    assert (after_okt3.k_exh, after_tgn1412.k_exh) == (tgn1412.k_exh, okt3.k_exh)
    assert after_okt3.replace(k_exh=okt3.k_exh) == okt3
    assert after_tgn1412.replace(k_exh=tgn1412.k_exh) == tgn1412


def test_exchanging_twice_is_exchanging_nothing(locked: Record) -> None:
    okt3, tgn1412 = swap.inputs_of(locked)
    for names in swap.SWAPS.values():
        there = okt3.replace(**{n: getattr(tgn1412, n) for n in names})
        back = there.replace(**{n: getattr(okt3, n) for n in names})
        assert back == okt3


def test_the_lock_does_not_move_and_the_copies_are_marked(locked: Record) -> None:
    with pytest.raises(LockError):
        locked.drug("okt3").replace(k_exh=0.1)
    okt3, _ = swap.inputs_of(locked)
    assert okt3.lock is not None
    assert okt3.lock.mark == f"unlocked copy of lock {locked.version}"
    assert locked.drug("okt3").k_exh == okt3.k_exh


def test_exchanging_every_input_and_the_regimen_exchanges_the_drugs(locked: Record) -> None:
    network = locked.network.unlocked()
    okt3, tgn1412 = swap.inputs_of(locked)
    names = ("k_exh", *swap.SWAPS["all but k_exh"])
    swapped = (
        okt3.replace(**{n: getattr(tgn1412, n) for n in names}),
        tgn1412.replace(**{n: getattr(okt3, n) for n in names}),
    )
    base = swap.run_pair(locked, (okt3, tgn1412), network)
    after = swap.run_pair(locked, swapped, network, swap_regimens=True)
    assert float(after.milder) == pytest.approx(float(base.worse), abs=1e-9)
    assert float(after.worse) == pytest.approx(float(base.milder), abs=1e-9)


def test_no_and_full_exchange_are_the_ends_of_the_partial_one(locked: Record) -> None:
    partial = swap.partial_swaps(locked, [0.0, 1.0])
    table = swap.one_at_a_time(locked).set_index("swap")
    assert partial.gap[0] == pytest.approx(table.loc["nothing", "gap"], abs=1e-9)
    assert partial.gap[1] == pytest.approx(table.loc["k_exh", "gap"], abs=1e-9)


def test_the_indices_are_equal_at_the_flip(locked: Record) -> None:
    flip = swap.flip_fraction(locked)
    assert 0 < flip < 1
    assert abs(swap.partial_swaps(locked, [flip]).gap[0]) < 1e-5


def test_a_gap_within_a_tie_neither_keeps_nor_reverses() -> None:
    pair = swap.Pair(np.array([2.0, 2.0, 2.0]), np.array([2.04, 2.06, 1.94]))
    assert pair.kept.tolist() == [False, True, False]
    assert pair.reversed.tolist() == [False, False, True]
    assert severity.TIE == 0.05


def test_a_factor_of_one_is_the_locked_pair(locked: Record) -> None:
    base = swap.run_pair(locked, swap.inputs_of(locked), locked.network.unlocked())
    varied = swap.vary_activation(locked, [1.0], swapped=False)
    assert varied.gap[0] == pytest.approx(float(base.gap), abs=1e-9)


def test_faster_exhaustion_alone_never_makes_a_drug_worse(locked: Record) -> None:
    okt3, _ = swap.inputs_of(locked)
    rates = np.geomspace(0.05, 5.0, 9)
    run = locked.run(okt3, network=locked.network.unlocked(), draws=Draws({"k_exh": rates}))
    assert np.all(np.diff(severity.index(run)) < 0)


def test_engagement_is_a_share(locked: Record) -> None:
    shares = swap.engagement(locked)
    assert set(shares) == {"okt3", "tgn1412"}
    assert all(0 < share < 1 for share in shares.values())


def test_shares_over_draws_are_consistent(locked: Record) -> None:
    shares = swap.over_draws(locked, 40)
    assert 0 <= shares["both"] <= min(shares["kept"], shares["reversed"]) <= 1
    assert shares["reversed_given_kept"] == pytest.approx(shares["both"] / shares["kept"])


def test_unknown_swaps_fractions_and_factors_are_refused(locked: Record) -> None:
    with pytest.raises(InputError, match="no swap 'K_M'"):
        swap.exchanged(locked, "K_M")
    with pytest.raises(InputError, match="fractions of a swap must lie from 0 to 1"):
        swap.partial_swaps(locked, [1.2])
    with pytest.raises(InputError, match=r"factors of k_act must be above 0"):
        swap.vary_activation(locked, [0.0], swapped=False)
