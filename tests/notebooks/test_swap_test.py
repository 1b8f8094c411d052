"""Chapter 5: what an exchange is, what is unlocked, and what a reversal is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from lessons import cells_of
from matplotlib import pyplot as plt

from qsp_lib.common.errors import LockError
from qsp_lib.model import severity
from qsp_lib.model.draws import Draws
from qsp_lib.protocol.lock import current_record

pytestmark = pytest.mark.thorough
CHAPTER = "05_swap_test"
FEW: dict[str, Any] = {"n_draws": 50, "fraction_points": 5}


@pytest.fixture(scope="module")
def lesson() -> Iterator[dict[str, Any]]:
    with plt.rc_context():
        plt.switch_backend("agg")
        yield cells_of(CHAPTER, "comes_out = ", **FEW)
    plt.close("all")


def test_an_exchange_moves_the_named_inputs_and_no_other(lesson: dict[str, Any]) -> None:
    drawn = lesson["drawn"]
    after = dict(zip(("okt3", "tgn1412"), lesson["exchange"](("k_exh",)), strict=True))
    for mine, yours in (("okt3", "tgn1412"), ("tgn1412", "okt3")):
        values = dict(after[mine].values)
        assert np.array_equal(values.pop("k_exh"), drawn[yours].values["k_exh"])
        own = {name: value for name, value in drawn[mine].values.items() if name != "k_exh"}
        assert values.keys() == own.keys()
        assert all(np.array_equal(values[name], own[name]) for name in own)


def test_the_lock_does_not_move_and_the_copies_are_marked(lesson: dict[str, Any]) -> None:
    record, copy = current_record(), lesson["locked"]["okt3"]
    with pytest.raises(LockError):
        record.drug("okt3").replace(k_exh=0.1)
    assert copy.lock.mark == f"unlocked copy of lock {record.version}"
    assert record.drug("okt3").k_exh == copy.k_exh


def test_exchanging_every_input_and_the_regimen_exchanges_the_drugs(lesson: dict[str, Any]) -> None:
    names, _ = lesson["exchanges"]["all but k_exh"]
    swapped = lesson["exchange"](("k_exh", *names))
    after = lesson["indices"](swapped, lesson["regimens"][::-1])
    assert after == pytest.approx(lesson["as_drawn"][::-1], abs=1e-6)


def test_no_and_full_exchange_are_the_ends_of_the_partial_one(lesson: dict[str, Any]) -> None:
    table = lesson["found"]["gated"]["gap"]
    for fraction, what in ((0.0, "nothing"), (1.0, "k_exh")):
        gaps = lesson["gap"](lesson["in_part"](fraction))
        assert np.median(gaps) == pytest.approx(table[what], abs=1e-6)


def test_the_median_gap_turns_where_it_is_told_to(lesson: dict[str, Any]) -> None:
    fractions, middle, equal_at = (lesson[name] for name in ("fractions", "middle", "equal_at"))
    before = fractions < (np.inf if equal_at is None else equal_at)
    assert np.all(middle[before] >= 0)
    assert before.all() or middle[~before][0] < 0


def test_a_factor_of_one_is_the_drawn_pair(lesson: dict[str, Any]) -> None:
    middle = int(np.argmin(np.abs(np.log(lesson["factors"]))))
    assert lesson["factors"][middle] == pytest.approx(1.0)
    gaps = lesson["gap"](lesson["as_drawn"])
    assert lesson["before"][middle] == pytest.approx(gaps, abs=1e-6)


def test_faster_exhaustion_alone_never_makes_a_drug_worse(lesson: dict[str, Any]) -> None:
    record = current_record()
    draws = Draws({"k_exh": np.geomspace(0.05, 5.0, 9)})
    run = record.run(lesson["locked"]["okt3"], network=record.network.unlocked(), draws=draws)
    assert np.all(np.diff(severity.index(run)) < 0)


def test_engagement_is_a_share(lesson: dict[str, Any]) -> None:
    assert all(0 < lesson["engagement"][drug] < 1 for drug in ("okt3", "tgn1412"))


def test_a_wider_tie_in_the_cell_takes_every_order_away(lesson: dict[str, Any]) -> None:
    shares = ["as claimed in", "reversed in"]
    assert lesson["found"]["gated"].loc["nothing", shares].max() > 0
    wider = cells_of(CHAPTER, "def one_at_a_time", {"TIE = 0.05": "TIE = 5.0"}, **FEW)
    assert (wider["found"]["gated"][shares] == 0).all(axis=None)
