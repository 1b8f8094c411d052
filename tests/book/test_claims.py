"""The claims page: every verdict follows from the chapters' numbers, and can turn."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from book.pages.claims import (
    BESIDE,
    CLAIMS,
    Claim,
    ClaimOutcome,
    ClaimVerdict,
    claims,
    claims_by_lock,
    claims_summary,
    judged,
    under_other_priors,
    verdicts_of_lock_v1,
)
from book.pages.fragments import BookData
from qsp_lib.chapters import results
from qsp_lib.chapters.results import Results
from qsp_lib.chapters.verdicts import ShareOfDraws
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
        ("03_blind_prediction", "order_verdict/share", 0.95, 0.2),
        ("04_rescue", "five_or_more/share", 0.95, 0.2),
        ("05_swap_test", "verdict/share", 0.95, 0.2),
        ("06_robustness", "overlaps_published", True, False),
        ("06_robustness", "map/wrong", 0, 1),
        ("07_identifiability", "published_picture_agrees", True, False),
        ("08_dose_response", "three_shapes/share", 0.95, 0.2),
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


@pytest.mark.parametrize(
    ("share", "verdict", "words"),
    [
        (0.95, ClaimVerdict.AGREES, "agrees"),
        (0.65, ClaimVerdict.NARROWLY, "agrees narrowly"),
        (0.35, ClaimVerdict.DIFFERS, "differs"),
        (0.80, ClaimVerdict.AT_THE_LINE, "at the line of 80 %"),
        (0.505, ClaimVerdict.AT_THE_LINE, "at the line of 50 %"),
    ],
)
def test_a_share_of_draws_is_judged_by_two_lines(
    committed: dict[str, Results], share: float, verdict: ClaimVerdict, words: str
) -> None:
    found = ordering(with_value(committed, "03_blind_prediction", "order_verdict/share", share))
    assert found.verdict is verdict and found.words == words


def ordering(numbers: dict[str, Results]) -> ClaimOutcome:
    (found,) = [o for c, o in judged(numbers) if c.key == "order"]
    return found


def test_the_order_is_shown_with_its_share_and_medians(committed: dict[str, Results]) -> None:
    numbers = committed["03_blind_prediction"]
    text = ordering(committed).text
    assert f"of {numbers.value('order_verdict/draws'):.0f} draws" in text
    for drug in ("blinatumomab", "okt3", "tgn1412"):
        median = numbers.value(f"prediction/arms/{drug}/severity/index/median")
        assert f"{median:.2f}" in text


def test_the_summary_counts_every_claim_once(committed: dict[str, Results]) -> None:
    text = claims_summary(BookData(Path(), committed))
    counts = [int(n) for n in re.findall(r"[a-z] (\d+)", text.partition(":")[2])]
    assert sum(counts) == len(CLAIMS)
    path = "order_verdict/share"
    sure = claims_summary(
        BookData(Path(), with_value(committed, "03_blind_prediction", path, 0.99))
    )
    none = claims_summary(BookData(Path(), with_value(committed, "03_blind_prediction", path, 0.0)))
    assert sure != none


def test_every_claim_has_its_verdict_of_lock_v1(committed: dict[str, Results]) -> None:
    kept = verdicts_of_lock_v1()
    assert {claim.key for claim in CLAIMS + BESIDE} == set(kept)
    assert kept["order"].words == "agrees narrowly" and "in 49 % of" in kept["order"].text
    page = claims_by_lock(BookData(Path(), committed))
    assert all(found.text in page for found in kept.values())


def test_the_verdict_stands_beside_the_claim(committed: dict[str, Results]) -> None:
    header = claims(BookData(Path(), committed)).split("\n")[2]
    assert header == "| published claim | verdict | what this model gives | how it was tested |"


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


def under_widths(chapter: str, key: str, narrower: Any, wider: Any) -> Results:
    """Numbers of a chapter that hold nothing but a claim under both widths of the priors."""
    values = {"prior_widths": {"narrower": {key: narrower}, "wider": {key: wider}}}
    return Results(chapter, values, {})


SHARES = [c for c in CLAIMS + BESIDE if c.key in ("order", "rescue", "swap", "shapes", "low_dose")]


@pytest.mark.parametrize("claim", SHARES, ids=lambda claim: claim.key)
def test_a_share_is_judged_by_the_same_lines_under_other_priors(claim: Claim) -> None:
    found = under_widths(
        claim.chapter, claim.key, ShareOfDraws(0.95, 500).plain(), ShareOfDraws(0.52, 500).plain()
    )
    assert under_other_priors(claim, found) == [
        "priors × 0.67: agrees",
        "priors × 1.5: at the line of 50 %",
    ]


def test_the_checks_are_counted_under_other_priors() -> None:
    (claim,) = [c for c in BESIDE if c.key == "pattern"]
    eight, six = {"held": 8, "of": 8}, {"held": 6, "of": 8}
    found = under_widths(claim.chapter, claim.key, eight, six)
    told = under_other_priors(claim, found)
    assert told == ["priors × 0.67: agrees (8 of 8)", "priors × 1.5: differs (6 of 8)"]


def test_what_is_no_share_of_draws_is_not_asked_and_a_share_needs_both_widths() -> None:
    asked = {c.key for c in CLAIMS + BESIDE if c.words_under is not None}
    assert asked == {c.key for c in SHARES} | {"pattern"}
    (profiles,) = [c for c in CLAIMS if c.key == "profiles"]
    assert under_other_priors(profiles, Results(profiles.chapter, {}, {})) == []
    whole = under_widths("04_rescue", "rescue", ShareOfDraws(0.9, 9).plain(), {})
    del whole.values["prior_widths"]["wider"]
    (rescue,) = [c for c in CLAIMS if c.key == "rescue"]
    with pytest.raises(InputError, match="have no 'prior_widths/wider/rescue'"):
        under_other_priors(rescue, whole)
