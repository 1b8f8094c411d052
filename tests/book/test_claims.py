"""The claims page: every verdict follows from the chapters' numbers, and can turn."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from book.pages.claims import (
    BESIDE,
    CLAIMS,
    ClaimOutcome,
    ClaimVerdict,
    claims,
    claims_summary,
    judged,
)
from book.pages.fragments import BookData
from qsp_lib.chapters import results
from qsp_lib.chapters.results import Results
from qsp_lib.common.errors import InputError


@pytest.fixture(scope="module")
def committed() -> dict[str, Results]:
    return results.load_all()


def with_value(
    numbers: dict[str, Results], chapter: str, path: str, value: Any
) -> dict[str, Results]:
    old = numbers[chapter]
    values = copy.deepcopy(dict(old.values))
    *parents, last = path.split("/")
    here = values
    for key in parents:
        here = here[key]
    here[last] = value
    return numbers | {chapter: Results(chapter, values, old.parameters, old.lock)}


def test_every_claim_has_a_verdict_and_words(committed: dict[str, Results]) -> None:
    outcomes = judged(committed) + judged(committed, BESIDE)
    assert len(outcomes) == len(CLAIMS) + len(BESIDE)
    assert all(isinstance(found.verdict, ClaimVerdict) and found.text for _, found in outcomes)
    assert len({claim.claim for claim, _ in outcomes}) == len(outcomes)


def test_what_needs_a_sealed_table_cannot_be_tested_yet(committed: dict[str, Results]) -> None:
    untested = [c.claim for c, found in judged(committed) if found.verdict is ClaimVerdict.UNTESTED]
    assert untested == ["The blind prediction of OKT3 matches published cytokine levels."]


@pytest.mark.parametrize(
    ("chapter", "path", "agrees", "differs"),
    [
        ("01_calibration", "moved_count", 12, 3),
        ("02_locking", "preferred_by_evidence", "gated", "none"),
        ("04_rescue", "appear_count", 5, 4),
        ("05_swap_test", "claim_comes_out", True, False),
        ("06_robustness", "overlaps_published", True, False),
        ("06_robustness", "map/wrong", 0, 1),
        ("07_identifiability", "published_picture_agrees", True, False),
        ("08_dose_response", "distinct_shapes", 3, 2),
    ],
)
def test_a_verdict_follows_its_number(
    committed: dict[str, Results], chapter: str, path: str, agrees: Any, differs: Any
) -> None:
    found = []
    for value in (agrees, differs):
        outcomes = judged(with_value(committed, chapter, path, value))
        found.append([o.verdict for claim, o in outcomes if claim.chapter == chapter])
    changed = [pair for pair in zip(*found, strict=True) if pair[0] is not pair[1]]
    assert changed == [(ClaimVerdict.AGREES, ClaimVerdict.DIFFERS)]


def test_an_order_with_a_tie_does_not_agree(committed: dict[str, Results]) -> None:
    path = "prediction/ordering/blinatumomab/index/central"
    tied = with_value(committed, "03_blind_prediction", path, "blinatumomab < okt3 = tgn1412")
    assert ordering(tied).verdict is ClaimVerdict.DIFFERS


def ordering(numbers: dict[str, Results]) -> ClaimOutcome:
    (found,) = [o for c, o in judged(numbers) if c.test.startswith("order of the severity")]
    return found


@pytest.mark.parametrize(("above", "narrow"), [(0.06, True), (0.099, True), (0.101, False)])
def test_an_order_that_is_hardly_over_a_tie_agrees_narrowly(
    committed: dict[str, Results], above: float, narrow: bool
) -> None:
    path = "prediction/arms/{}/severity/index/central"
    chapter = "03_blind_prediction"
    okt3 = committed[chapter].value(path.format("okt3"))
    found = ordering(with_value(committed, chapter, path.format("tgn1412"), okt3 + above))
    assert found.verdict is ClaimVerdict.AGREES and found.narrow is narrow
    assert found.words == ("agrees narrowly" if narrow else "agrees")
    assert f"{above:.3f} (a tie is 0.05)" in found.text


def test_what_does_not_agree_is_never_narrow(committed: dict[str, Results]) -> None:
    reversed_ = with_value(committed, "05_swap_test", "claim_comes_out", False)
    (found,) = [o for c, o in judged(reversed_) if c.chapter == "05_swap_test"]
    assert found.words == "differs"


def test_the_order_is_shown_with_both_shares_of_draws(committed: dict[str, Results]) -> None:
    path = "sampler/ordering/blinatumomab/index/share_expected"
    text = ordering(with_value(committed, "03_blind_prediction", path, 0.123)).text
    locked = committed["03_blind_prediction"].value(path.replace("sampler", "prediction"))
    assert f"in {100 * locked:.0f} % of the locked protocol's Laplace draws" in text
    assert "12 % of the sampler's" in text and "OKT3 4, TGN1412 4" in text


def test_the_summary_counts_what_agrees_by_little(committed: dict[str, Results]) -> None:
    narrow = sum(found.narrow for _, found in judged(committed))
    text = claims_summary(BookData(Path(), committed))
    assert narrow and f"({narrow} of them narrowly)" in text
    wide = with_value(committed, "05_swap_test", "gap_exchanged", -0.3)
    wide = with_value(wide, "05_swap_test", "gap_locked", 0.3)
    assert f"({narrow - 1} of them narrowly)" in claims_summary(BookData(Path(), wide))


def test_the_verdict_stands_beside_the_claim(committed: dict[str, Results]) -> None:
    header = claims(BookData(Path(), committed)).split("\n")[2]
    assert header.startswith("| published claim | verdict |")


def test_a_chapter_without_numbers_stops_the_page(committed: dict[str, Results]) -> None:
    without = {name: r for name, r in committed.items() if name != "04_rescue"}
    with pytest.raises(InputError, match="the claims page needs the numbers of 04_rescue"):
        judged(without)


@pytest.mark.parametrize(("odds", "adds"), [(4.5, False), (2.0, True)])
def test_the_gate_is_judged_with_the_error_of_its_odds(odds: float, adds: bool) -> None:
    values = {
        "preferred_by_evidence": "none",
        "odds_against_gated": odds,
        "odds_best_against_gated": {"low": 1.5, "high": 6.0},
    }
    (claim,) = [c for c in CLAIMS if c.chapter == "02_locking"]
    found = claim.outcome(Results("02_locking", values, {}))
    assert found.verdict is ClaimVerdict.DIFFERS
    assert f"odds of {odds:g} to 1 against the gate (1.5 to 6 within two" in found.text
    assert ("no preference worth the name" in found.text) is adds
