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

CHAPTER = "05_swap_test"


@pytest.fixture(scope="module")
def lesson() -> Iterator[dict[str, Any]]:
    with plt.rc_context():
        plt.switch_backend("agg")
        yield cells_of(CHAPTER, "comes_out = ")
    plt.close("all")


def test_an_exchange_moves_the_named_inputs_and_no_other(lesson: dict[str, Any]) -> None:
    okt3, tgn1412 = lesson["okt3"], lesson["tgn1412"]
    after_okt3, after_tgn1412 = lesson["exchange"](("k_exh",))
    assert (after_okt3.k_exh, after_tgn1412.k_exh) == (tgn1412.k_exh, okt3.k_exh)
    assert after_okt3.replace(k_exh=okt3.k_exh) == okt3
    assert after_tgn1412.replace(k_exh=tgn1412.k_exh) == tgn1412


def test_the_lock_does_not_move_and_the_copies_are_marked(lesson: dict[str, Any]) -> None:
    record = current_record()
    with pytest.raises(LockError):
        record.drug("okt3").replace(k_exh=0.1)
    assert lesson["okt3"].lock.mark == f"unlocked copy of lock {record.version}"
    assert record.drug("okt3").k_exh == lesson["okt3"].k_exh


def test_exchanging_every_input_and_the_regimen_exchanges_the_drugs(lesson: dict[str, Any]) -> None:
    names, _ = lesson["exchanges"]["all but k_exh"]
    base = lesson["indices"]((lesson["okt3"], lesson["tgn1412"]))
    swapped = lesson["exchange"](("k_exh", *names))
    after = lesson["indices"](swapped, lesson["regimens"][::-1])
    assert after == pytest.approx(base[::-1], abs=1e-9)


def test_no_and_full_exchange_are_the_ends_of_the_partial_one(lesson: dict[str, Any]) -> None:
    gaps = lesson["gap"](lesson["in_part"](np.array([0.0, 1.0])))
    table = lesson["found"]["gated"]["gap"]
    assert gaps == pytest.approx([table["nothing"], table["k_exh"]], abs=1e-9)


def test_the_indices_are_equal_at_the_flip(lesson: dict[str, Any]) -> None:
    for feedback, flip in lesson["flip"].items():
        assert 0 < flip < 1
        assert abs(lesson["gap"](lesson["in_part"](np.array([flip]), feedback))[0]) < 1e-5


def test_a_factor_of_one_is_the_locked_pair(lesson: dict[str, Any]) -> None:
    middle = int(np.argmin(np.abs(np.log(lesson["factors"]))))
    assert lesson["factors"][middle] == pytest.approx(1.0)
    assert lesson["locked"][middle] == pytest.approx(lesson["found"]["gated"]["gap"]["nothing"])


def test_faster_exhaustion_alone_never_makes_a_drug_worse(lesson: dict[str, Any]) -> None:
    record = current_record()
    draws = Draws({"k_exh": np.geomspace(0.05, 5.0, 9)})
    run = record.run(lesson["okt3"], network=record.network.unlocked(), draws=draws)
    assert np.all(np.diff(severity.index(run)) < 0)


def test_engagement_is_a_share(lesson: dict[str, Any]) -> None:
    assert all(0 < lesson["engagement"][drug] < 1 for drug in ("okt3", "tgn1412"))


def test_a_wider_tie_in_the_cell_takes_the_reversal_away(lesson: dict[str, Any]) -> None:
    assert lesson["found"]["gated"].loc["k_exh", "reversed"]
    wider = cells_of(CHAPTER, "def one_at_a_time", {"TIE = 0.05": "TIE = 0.06"})
    assert not wider["found"]["gated"].loc["k_exh", "reversed"]
    assert wider["found"]["gated"].loc["nothing", "order"] == "okt3 = tgn1412"
