"""The claims page: every verdict follows from the chapters' numbers, and can turn."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from qsp_lib import results
from qsp_lib.errors import InputError
from qsp_lib.publishing.claims import BESIDE, CLAIMS, Verdict, judged
from qsp_lib.results import Results


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
    assert all(isinstance(verdict, Verdict) and text for _, (verdict, text) in outcomes)
    assert len({claim.claim for claim, _ in outcomes}) == len(outcomes)


def test_what_needs_a_sealed_table_cannot_be_tested_yet(committed: dict[str, Results]) -> None:
    untested = [c.claim for c, (verdict, _) in judged(committed) if verdict is Verdict.UNTESTED]
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
        found.append([verdict for claim, (verdict, _) in outcomes if claim.chapter == chapter])
    changed = [pair for pair in zip(*found, strict=True) if pair[0] is not pair[1]]
    assert changed == [(Verdict.AGREES, Verdict.DIFFERS)]


def test_an_order_with_a_tie_does_not_agree(committed: dict[str, Results]) -> None:
    path = "prediction/ordering/blinatumomab/index/central"
    tied = with_value(committed, "03_blind_prediction", path, "blinatumomab < okt3 = tgn1412")
    (verdict,) = [v for c, (v, _) in judged(tied) if c.test.startswith("order of the severity")]
    assert verdict is Verdict.DIFFERS


def test_a_chapter_without_numbers_stops_the_page(committed: dict[str, Results]) -> None:
    without = {name: r for name, r in committed.items() if name != "04_rescue"}
    with pytest.raises(InputError, match="the claims page needs the numbers of 04_rescue"):
        judged(without)
