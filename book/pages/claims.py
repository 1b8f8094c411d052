"""The claims page: each published claim beside what this model gives, and how it was tested.

A claim's verdict is computed from the chapters' saved numbers by a predicate written here;
nothing on the page is typed but the claim itself, in our words, and the test it was put to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any

from qsp_lib.chapters import Results, ShareOfDraws
from qsp_lib.common import InputError, decimals, number, percent
from qsp_lib.model import severity
from qsp_lib.protocol import PRIOR_WIDTHS

from .fragments import BookData, fragment, table


class ClaimVerdict(Enum):
    """How our result stands to a claim."""

    AGREES = "agrees"
    NARROWLY = "agrees narrowly"
    AT_THE_LINE = "at the line"
    DIFFERS = "differs"
    UNTESTED = "cannot be tested"


@dataclass(frozen=True)
class ClaimOutcome:
    """A verdict in the page's terms and in words, and what it rests on."""

    verdict: ClaimVerdict
    text: str
    words: str = ""

    def __post_init__(self) -> None:
        if not self.words:
            object.__setattr__(self, "words", self.verdict.value)


@dataclass(frozen=True)
class Claim:
    """A published claim, the chapter that tests it, the test, and its outcome from results.

    Attributes:
        key: its short name, under which the verdicts of earlier locks are kept, and a chapter's
            numbers of it under other widths of the priors.
        words_under: its verdict's words from such numbers; None if it is asked under the declared
            priors alone.
    """

    key: str
    claim: str
    chapter: str
    test: str
    outcome: Callable[[Results], ClaimOutcome]
    words_under: Callable[[Mapping[str, Any]], str] | None = None


def _judge(agrees: bool, text: str) -> ClaimOutcome:
    """The outcome of a claim that is a count or a class."""
    return ClaimOutcome(ClaimVerdict.AGREES if agrees else ClaimVerdict.DIFFERS, text)


def _judge_share(of: Mapping[str, Any], text: str) -> ClaimOutcome:
    """The outcome of a claim that holds in a share of the posterior's draws.

    Args:
        of: the share as a chapter keeps it (:meth:`qsp_lib.chapters.ShareOfDraws.plain`).
        text: what it rests on besides.
    """
    share = ShareOfDraws(of["share"], of["draws"])
    if share.at_the_line is not None:
        return ClaimOutcome(ClaimVerdict.AT_THE_LINE, text, share.words)
    return ClaimOutcome(ClaimVerdict(share.verdict.value), text)


def _share_words(of: Mapping[str, Any]) -> str:
    """The verdict of a claim that is a share, as a chapter keeps the share."""
    return _judge_share(of, "").words


def _pattern_words(of: Mapping[str, Any]) -> str:
    """The verdict of checks of which so many hold in half of the draws, and the count."""
    words = _judge(of["held"] == of["of"], "").words
    return f"{words} ({of['held']} of {of['of']})"


_NAMES = (("blinatumomab", "blinatumomab"), ("okt3", "OKT3"), ("tgn1412", "TGN1412"))


def _named(order: str) -> str:
    for key, name in _NAMES:
        order = order.replace(key, name)
    return order


WORTH_A_MENTION = 3.0
"""Odds below this are not worth more than a mention (Kass and Raftery 1995)."""


def _calibrated_on_one_drug(r: Results) -> ClaimOutcome:
    moved, rms = r.value("moved_count"), r.value("fit/rms_log10")
    return _judge(
        moved > 17 / 2,
        f"{moved} of 17 parameters moved by the data, in {r.value('directions_above_prior')} "
        f"directions; the medians are missed by {number(rms)} in log10 (root mean square)",
    )


def _structure(r: Results) -> ClaimOutcome:
    preferred, odds = r.value("preferred_by_evidence"), r.value("odds_against_gated")
    low, high = (r.value(f"odds_best_against_gated/{end}") for end in ("low", "high"))
    return _judge(
        preferred == "gated",
        f"by evidence the data prefer *{preferred}*, by odds of {number(odds)} to 1 against "
        f"the gate ({number(low)} to {number(high)} within two standard errors)"
        + (": no preference worth the name" if odds < WORTH_A_MENTION else ""),
    )


def _ordering(r: Results) -> ClaimOutcome:
    at = "ordering/blinatumomab/index"
    share = r.value("order_verdict")
    others, of = r.value("orders_as_expected"), r.value("orders")
    index = ", ".join(
        f"{name} {decimals(r.value(f'prediction/arms/{key}/severity/index/median'), 2)}"
        for key, name in _NAMES
    )
    return _judge_share(
        share,
        f"the order holds in {percent(share['share'])} of {number(share['draws'])} draws; median "
        f"indices {index}; at the locked point {_named(r.value(f'prediction/{at}/central'))}. In "
        f"more than half of the draws by {others} of {of} definitions and regimens",
    )


def _blind_pattern(r: Results) -> ClaimOutcome:
    held, broken = r.value("checks_held"), r.value("checks_not_held")
    built_in = [name for name in r.value("checks_by_construction") if name in held]
    shares = {name: r.value(f"check_verdicts/{name}/share") for name in held}
    sure = (
        f"; the least sure of those that hold does so in {percent(min(shares.values()))}; "
        f"{', '.join(built_in) or 'none'} by construction"
        if held
        else ""
    )
    return _judge(
        not broken,
        f"{len(held)} of {len(held) + len(broken)} pattern checks hold in half of the draws or "
        f"more; not {', '.join(broken) or 'any'}{sure}",
    )


def _blind_levels(r: Results) -> ClaimOutcome:
    medians = r.value("prediction/arms/okt3")
    levels = ", ".join(
        f"{name} {number(medians[c]['peak']['median'])}"
        for c, name in (("TNF", "TNF"), ("IFN", "IFN-γ"), ("IL6", "IL-6"))
    )
    return ClaimOutcome(ClaimVerdict.UNTESTED, f"sealed; median predicted peaks (pg/mL): {levels}")


def _rescue(r: Results) -> ClaimOutcome:
    appear, of = r.value("appear_count"), r.value("phenomena_count")
    missing = ", ".join(r.value("missing_labels")) or "none"
    phenomena = r.value("phenomena").values()
    by_structure = sum(p["appears"] and p["kind"] != "dynamics" for p in phenomena)
    share = r.value("five_or_more")
    return _judge_share(
        share,
        f"five or more of {of} phenomena appear in {percent(share['share'])} of the draws. In half "
        f"of them or more {appear} do (missing: {missing}): {by_structure} that follow from the "
        f"construction or from pharmacokinetics, and {r.value('dynamic_appear_count')} of the "
        f"{r.value('dynamic_count')} that could have come out otherwise",
    )


def _swap(r: Results) -> ClaimOutcome:
    share = r.value("verdict")
    as_drawn, exchanged = (
        decimals(r.value(f"gap_{which}"), 2, signed=True) for which in ("as_drawn", "exchanged")
    )
    return _judge_share(
        share,
        f"as claimed and reversed in {percent(share['share'])} of the draws; median gap "
        f"{as_drawn}, exchanged {exchanged} (a tie is "
        f"± {severity.TIE:g}). As claimed to begin with in {percent(r.value('shares/kept'))}, and "
        f"of these it reverses in {percent(r.value('shares/reversed_given_kept'))}",
    )


def _ensemble(r: Results) -> ClaimOutcome:
    accepted, ours = r.value("accepted"), r.value("accepted/share")
    return _judge(
        r.value("overlaps_published"),
        f"{accepted['count']} of {accepted['total']} ({percent(ours)}, "
        f"{decimals(100 * accepted['low'], 1)}–{percent(accepted['high'], 1)}): "
        "the share is set by the width and the bands, which the abstract does not give",
    )


def _map(r: Results) -> ClaimOutcome:
    wrong, points = r.value("map/wrong"), r.value("map/points")
    return _judge(
        wrong == 0,
        f"{wrong} of {points} points without the claimed order, {r.value('map/tied')} of them ties "
        f"and {r.value('map/reversed')} reversals",
    )


def _identifiability(r: Results) -> ClaimOutcome:
    verdicts = ", ".join(
        f"{words} *{r.value(f'verdict_{key}')}*"
        for key, words in (("k_fb", "k_fb"), ("d_IL6", "d_IL6"), ("ratio", "their ratio"))
    )
    return _judge(
        r.value("published_picture_agrees"),
        f"{verdicts}; {r.value('identifiable_count')} of 17 parameters are identifiable",
    )


def _shapes(r: Results) -> ClaimOutcome:
    shapes = ", ".join(f"{name} {r.value(f'shapes/{key}/shape')}" for key, name in _NAMES)
    share = r.value("three_shapes")
    return _judge_share(
        share,
        f"three distinct shapes in {percent(share['share'])} of the draws; at the locked point "
        f"{shapes}",
    )


def _low_dose(r: Results) -> ClaimOutcome:
    share = r.value("tab08/silent/7")
    return _judge_share(
        share,
        f"silent at 7 µg/kg in {percent(share['share'])} of the draws: a fit, since version 2 was "
        "developed on this trial; at 20 µg/kg in "
        f"{percent(r.value('tab08/silent/20/share'))}",
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "calibration",
        "A network of 17 parameters is calibrated on blinatumomab.",
        "01_calibration",
        "posterior against prior after fitting eight published medians, two declared peaks and "
        "three declared bounds; agrees if more than half of the 17 moved",
        _calibrated_on_one_drug,
    ),
    Claim(
        "gate",
        "Developing the structure on TGN1412 calls for a macrophage-gated STAT3 feedback.",
        "02_locking",
        "evidence, by nested sampling, of three structures fitted to both drugs; agrees if the "
        "gated one is preferred",
        _structure,
    ),
    Claim(
        "order",
        "One locked network orders three drug classes by severity without refitting.",
        "03_blind_prediction",
        "share of draws in which the order of the severity index is strict and as claimed",
        _ordering,
        _share_words,
    ),
    Claim(
        "levels",
        "The blind prediction of OKT3 matches published cytokine levels.",
        "03_blind_prediction",
        "median peaks within the eligible published range, once opened",
        _blind_levels,
    ),
    Claim(
        "rescue",
        "Tocilizumab rescues, in five phenomena.",
        "04_rescue",
        "seven numeric predicates; share of draws in which five or more of them appear",
        _rescue,
        _share_words,
    ),
    Claim(
        "swap",
        "Exchanging the exhaustion rate between OKT3 and TGN1412 reverses their order.",
        "05_swap_test",
        "the exchange on unlocked copies, with controls; share of draws in which the order is as "
        "claimed and reverses by more than a tie",
        _swap,
        _share_words,
    ),
    Claim(
        "ensemble",
        "692 of 5,000 parameter draws (13.8 %) are accepted.",
        "06_robustness",
        "rejection over 5,000 Sobol draws; agrees if the intervals overlap",
        _ensemble,
    ),
    Claim(
        "map",
        "The order is stable over a 30 × 30 map of the two thresholds.",
        "06_robustness",
        "count of wrong orders of 900, a tie counting as wrong; agrees if none",
        _map,
    ),
    Claim(
        "profiles",
        "k_fb and d_IL6 have complementary one-sided profiles and an identifiable ratio.",
        "07_identifiability",
        "profile likelihoods of the joint data, priors of the pair dropped; "
        "agrees if all three verdicts are as claimed",
        _identifiability,
    ),
    Claim(
        "shapes",
        "The three drugs have three qualitatively distinct dose-response shapes.",
        "08_dose_response",
        "a rule on the peak signal, fixed beforehand; share of draws with three shapes",
        _shapes,
        _share_words,
    ),
)

BESIDE: tuple[Claim, ...] = (
    Claim(
        "pattern",
        "The blind prediction of OKT3 has the pattern expected of a first dose (our checks).",
        "03_blind_prediction",
        "eight checks fixed with the lock; agrees if all hold in half of the draws or more",
        _blind_pattern,
        _pattern_words,
    ),
    Claim(
        "low_dose",
        "TGN1412's molecule at up to 7 µg/kg (TAB08 trial) released no pro-inflammatory cytokines "
        "(PK036, EA021; secondary source).",
        "08_dose_response",
        "share of draws with a severity index below 0.3 at 7 µg/kg over 8 h; development data",
        _low_dose,
        _share_words,
    ),
)
"""Not among the claims, but what the model ought to meet: our checks, and an observation."""


def judged(
    results: Mapping[str, Results], claims: tuple[Claim, ...] = CLAIMS
) -> list[tuple[Claim, ClaimOutcome]]:
    """Every claim with its outcome.

    Raises:
        InputError: a chapter's numbers are missing, or do not hold what a claim is judged by.
    """
    missing = sorted({claim.chapter for claim in claims} - results.keys())
    if missing:
        raise InputError(f"the claims page needs the numbers of {missing[0]}; run that chapter.")
    return [(claim, claim.outcome(results[claim.chapter])) for claim in claims]


@cache
def verdicts_of_lock_v1() -> Mapping[str, ClaimOutcome]:
    """What the claims page said when the chapters stood on lock v1, by the claims' keys.

    Kept as they were: the chapters of that time judged by its rules, which no chapter holds now.
    """
    file = resources.files("book").joinpath("verdicts", "lock-v1.json")
    kept = json.loads(file.read_text(encoding="utf-8"))["verdicts"]
    words = {verdict.value: verdict for verdict in ClaimVerdict}
    return {
        key: ClaimOutcome(words[found["verdict"]], found["text"]) for key, found in kept.items()
    }


def under_other_priors(claim: Claim, results: Results) -> list[str]:
    """A claim's verdict with all priors narrower, then wider; none if it was not asked.

    Raises:
        InputError: the chapter's numbers do not hold what it is judged by.
    """
    if claim.words_under is None:
        return []
    found = {name: results.value(f"prior_widths/{name}/{claim.key}") for name in PRIOR_WIDTHS}
    return [
        f"priors × {factor:g}: {claim.words_under(found[name])}"
        for name, factor in PRIOR_WIDTHS.items()
    ]


def _rows(
    outcomes: list[tuple[Claim, ClaimOutcome]], results: Mapping[str, Results]
) -> list[tuple[str, ...]]:
    before = verdicts_of_lock_v1()
    return [
        (
            claim.claim,
            "<br>".join(
                [
                    f"**{outcome.words}**",
                    *under_other_priors(claim, results[claim.chapter]),
                    f"lock v1: {before[claim.key].words}",
                ]
            ),
            outcome.text,
            f"{claim.test} ([{claim.chapter[3:].replace('_', ' ')}]"
            f"(../notebooks/{claim.chapter}.ipynb))",
        )
        for claim, outcome in outcomes
    ]


@fragment("claims_summary")
def claims_summary(book: BookData) -> str:
    """How many claims agree, differ and cannot be tested, in a sentence."""
    outcomes = [outcome for _, outcome in judged(book.results)]
    counts = {v: sum(outcome.verdict is v for outcome in outcomes) for v in ClaimVerdict}
    told = {
        "agrees": ClaimVerdict.AGREES,
        "agrees narrowly": ClaimVerdict.NARROWLY,
        "at the line between two": ClaimVerdict.AT_THE_LINE,
        "differs": ClaimVerdict.DIFFERS,
        "cannot be tested yet": ClaimVerdict.UNTESTED,
    }
    parts = [f"{words} {counts[verdict]}" for words, verdict in told.items() if counts[verdict]]
    return f"Verdicts on {len(CLAIMS)} claims: {', '.join(parts)}.\n"


@fragment("claims")
def claims(book: BookData) -> str:
    """The tables of the claims page."""
    header = (
        "published claim",
        "verdict",
        "what this model gives",
        "how it was tested",
    )
    beside = ("statement", *header[1:])
    return (
        f"{claims_summary(book)}\n{table(header, _rows(judged(book.results), book.results))}\n"
        "Beside the claims, what any such model ought to meet:\n\n"
        f"{table(beside, _rows(judged(book.results, BESIDE), book.results))}"
    )


@fragment("claims_by_lock")
def claims_by_lock(book: BookData) -> str:
    """What the two locks give for each claim, side by side."""
    before = verdicts_of_lock_v1()
    outcomes = judged(book.results) + judged(book.results, BESIDE)
    rows = [
        (
            claim.claim,
            *(f"**{one.words}**: {one.text}" for one in (before[claim.key], outcome)),
        )
        for claim, outcome in outcomes
    ]
    return table(("claim", "lock v1", "lock v2"), rows)
