"""The claims page: each published claim beside what this model gives, and how it was tested.

A claim's verdict is computed from the chapters' saved numbers by a predicate written here;
nothing on the page is typed but the claim itself, in our words, and the test it was put to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from qsp_lib.chapters import Results
from qsp_lib.common import InputError, number, percent
from qsp_lib.model import severity

from .fragments import BookData, fragment, table


class ClaimVerdict(Enum):
    """How our result stands to a claim."""

    AGREES = "agrees"
    DIFFERS = "differs"
    UNTESTED = "cannot be tested"


@dataclass(frozen=True)
class ClaimOutcome:
    """A verdict, what it rests on in words, and whether a small change would turn it."""

    verdict: ClaimVerdict
    text: str
    narrow: bool = False

    @property
    def words(self) -> str:
        """The verdict for a reader."""
        return f"{self.verdict.value} narrowly" if self.narrow else self.verdict.value


@dataclass(frozen=True)
class Claim:
    """A published claim, the chapter that tests it, the test, and its outcome from results."""

    claim: str
    chapter: str
    test: str
    outcome: Callable[[Results], ClaimOutcome]


def _judge(agrees: bool, text: str, *gaps: float) -> ClaimOutcome:
    """The outcome; where it agrees by gaps of the index, also whether one is hardly over a tie."""
    narrow = agrees and any(abs(gap) <= 2 * severity.TIE for gap in gaps)
    return ClaimOutcome(ClaimVerdict.AGREES if agrees else ClaimVerdict.DIFFERS, text, narrow)


_NAMES = (("blinatumomab", "blinatumomab"), ("okt3", "OKT3"), ("tgn1412", "TGN1412"))


def _named(order: str) -> str:
    for key, name in _NAMES:
        order = order.replace(key, name)
    return order


def _calibrated_on_one_drug(r: Results) -> ClaimOutcome:
    moved, rms = r.value("moved_count"), r.value("fit/rms_log10")
    return _judge(
        moved > 17 / 2,
        f"{moved} of 17 parameters moved by the data, in {r.value('directions_above_prior')} "
        f"directions; the medians are missed by {number(rms)} in log10",
    )


def _structure(r: Results) -> ClaimOutcome:
    preferred, odds = r.value("preferred_by_evidence"), r.value("odds_against_gated")
    return _judge(
        preferred == "gated",
        f"by evidence the data prefer *{preferred}*, by odds of {number(odds)} to 1 against "
        "the gate: no preference worth the name",
    )


def _ordering(r: Results) -> ClaimOutcome:
    at = "ordering/blinatumomab/index"
    order = _named(r.value(f"prediction/{at}/central"))
    others, of = r.value("orders_as_expected"), r.value("orders")
    index = [r.value(f"prediction/arms/{key}/severity/index/central") for key, _ in _NAMES]
    grades = ", ".join(
        f"{name} {r.value(f'prediction/grades/{key}/central')}" for key, name in _NAMES
    )
    gaps = [higher - lower for lower, higher in pairwise(index)]
    return _judge(
        order == "blinatumomab < OKT3 < TGN1412",
        f"{order} at the lock, by gaps of {gaps[0]:.2f} and {gaps[1]:.3f} (a tie is "
        f"{severity.TIE:g}); in {percent(r.value(f'prediction/{at}/share_expected'))} of the "
        f"locked protocol's Laplace draws and {percent(r.value(f'sampler/{at}/share_expected'))} "
        f"of the sampler's; by {others} of {of} definitions and regimens. Illustrative grades: "
        f"{grades}",
        *gaps,
    )


def _blind_pattern(r: Results) -> ClaimOutcome:
    held, broken = r.value("checks_held"), r.value("checks_not_held")
    lowest = {
        words: min(r.value(f"{drawn}/checks/{name}/share_holds") for name in held)
        for words, drawn in (("Laplace", "prediction"), ("sampler", "sampler"))
        if held
    }
    sure = (
        f"; the least sure of those that hold does so in {percent(lowest['Laplace'])} of the "
        f"Laplace draws, and in the sampler's in {percent(lowest['sampler'])}"
        if held
        else ""
    )
    return _judge(
        not broken,
        f"{len(held)} of {len(held) + len(broken)} pattern checks hold at the lock; not "
        f"{', '.join(broken) or 'any'}{sure}",
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
    least = min((p["share"] for p in phenomena if p["appears"]), default=0.0)
    by_structure = sum(p["appears"] and p["kind"] != "dynamics" for p in phenomena)
    return _judge(
        appear >= 5,
        f"{appear} of {of} phenomena appear (missing: {missing}): {by_structure} that follow from "
        f"the construction or from pharmacokinetics, and {r.value('dynamic_appear_count')} of the "
        f"{r.value('dynamic_count')} that could have come out otherwise; the least sure of those "
        f"that appear does so in {percent(least)} of the Laplace draws",
    )


def _swap(r: Results) -> ClaimOutcome:
    locked, exchanged = r.value("gap_locked"), r.value("gap_exchanged")
    return _judge(
        r.value("claim_comes_out"),
        f"gap {locked:+.3f} as locked, {exchanged:+.3f} exchanged (a tie is ± {severity.TIE:g}); "
        f"kept and reversed in {percent(r.value('shares/both'))} of the Laplace draws. Exhaustion "
        f"alone makes {percent(r.value('explained_by_exhaustion'))} of the shift, because both "
        "drugs engage most receptors; that they share one activation rate is not needed "
        f"(it comes out at {percent(r.value('activation_share'))} of the rates tried)",
        locked,
        exchanged,
    )


def _ensemble(r: Results) -> ClaimOutcome:
    accepted, ours = r.value("accepted"), r.value("accepted/share")
    return _judge(
        r.value("overlaps_published"),
        f"{accepted['count']} of {accepted['total']} ({percent(ours)}, "
        f"{100 * accepted['low']:.1f}–{100 * accepted['high']:.1f} %): the share is set by the "
        "width and the bands, which the abstract does not give",
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
    shapes = ", ".join(
        f"{drug} {r.value(f'shapes/{key}/shape')}"
        for key, drug in (
            ("blinatumomab", "blinatumomab"),
            ("okt3", "OKT3"),
            ("tgn1412", "TGN1412"),
        )
    )
    return _judge(
        r.value("distinct_shapes") == 3,
        f"{shapes}; three distinct shapes in {percent(r.value('three_shapes_share_of_draws'))} of "
        f"the Laplace draws and {percent(r.value('sampler/three_shapes_share_of_draws'))} of the "
        "sampler's",
    )


def _low_dose(r: Results) -> ClaimOutcome:
    return _judge(
        r.value("tab08/agrees"),
        f"silent only below {number(r.value('tab08/highest_silent_ug_per_kg'))} µg/kg, "
        f"{number(r.value('tab08/lowest_over_silent'))} times below the lowest dose given; "
        f"silent at that dose in {percent(r.value('tab08/share_of_draws_silent_at_lowest'))} of "
        "the Laplace draws",
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "A network of 17 parameters is calibrated on blinatumomab.",
        "01_calibration",
        "posterior against prior after fitting eight published medians and two "
        "declared peaks; agrees if more than half of the 17 moved",
        _calibrated_on_one_drug,
    ),
    Claim(
        "Developing the structure on TGN1412 calls for a macrophage-gated STAT3 feedback.",
        "02_locking",
        "evidence of three structures fitted to both drugs; agrees if the gated one is preferred",
        _structure,
    ),
    Claim(
        "One locked network orders three drug classes by severity without refitting.",
        "03_blind_prediction",
        "order of the severity index at the lock; agrees if strict and as claimed",
        _ordering,
    ),
    Claim(
        "The blind prediction of OKT3 matches published cytokine levels.",
        "03_blind_prediction",
        "median peaks within the eligible published range, once opened",
        _blind_levels,
    ),
    Claim(
        "Tocilizumab rescues, in five phenomena.",
        "04_rescue",
        "seven numeric predicates; agrees if five or more of them appear",
        _rescue,
    ),
    Claim(
        "Exchanging the exhaustion rate between OKT3 and TGN1412 reverses their order.",
        "05_swap_test",
        "the exchange on unlocked copies, with controls; agrees if the order "
        "reverses by more than a tie",
        _swap,
    ),
    Claim(
        "692 of 5,000 parameter draws (13.8 %) are accepted.",
        "06_robustness",
        "rejection over 5,000 Sobol draws; agrees if the intervals overlap",
        _ensemble,
    ),
    Claim(
        "The order is stable over a 30 × 30 map of the two thresholds.",
        "06_robustness",
        "count of wrong orders of 900, a tie counting as wrong; agrees if none",
        _map,
    ),
    Claim(
        "k_fb and d_IL6 have complementary one-sided profiles and an identifiable ratio.",
        "07_identifiability",
        "profile likelihoods of the joint data, priors of the pair dropped; "
        "agrees if all three verdicts are as claimed",
        _identifiability,
    ),
    Claim(
        "The three drugs have three qualitatively distinct dose-response shapes.",
        "08_dose_response",
        "a rule on the peak signal, fixed beforehand; agrees if three shapes",
        _shapes,
    ),
)

BESIDE: tuple[Claim, ...] = (
    Claim(
        "The blind prediction of OKT3 has the pattern expected of a first dose (our checks).",
        "03_blind_prediction",
        "eight checks fixed with the lock; agrees if all hold",
        _blind_pattern,
    ),
    Claim(
        "TGN1412 at 0.1-7 µg/kg (TAB08 trial) released no pro-inflammatory cytokines "
        "(PK036, EA021; secondary source).",
        "08_dose_response",
        "severity index at those doses",
        _low_dose,
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


def _rows(outcomes: list[tuple[Claim, ClaimOutcome]]) -> list[tuple[str, ...]]:
    return [
        (
            claim.claim,
            f"**{outcome.words}**",
            outcome.text,
            claim.test,
            f"[{claim.chapter[3:].replace('_', ' ')}](../notebooks/{claim.chapter}.ipynb)",
        )
        for claim, outcome in outcomes
    ]


@fragment("claims_summary")
def claims_summary(book: BookData) -> str:
    """How many claims agree, differ and cannot be tested, in a sentence."""
    outcomes = [outcome for _, outcome in judged(book.results)]
    counts = {v: sum(outcome.verdict is v for outcome in outcomes) for v in ClaimVerdict}
    narrow = sum(outcome.narrow for outcome in outcomes)
    by_little = f" ({narrow} of them narrowly)" if narrow else ""
    return (
        f"Of {len(CLAIMS)} claims, {counts[ClaimVerdict.AGREES]} agree with what this model gives"
        f"{by_little}, {counts[ClaimVerdict.DIFFERS]} differ, and {counts[ClaimVerdict.UNTESTED]} "
        "cannot be tested yet.\n"
    )


@fragment("claims")
def claims(book: BookData) -> str:
    """The tables of the claims page."""
    header = ("published claim", "verdict", "what this model gives", "how it was tested", "chapter")
    beside = ("statement", *header[1:])
    return (
        f"{claims_summary(book)}\n{table(header, _rows(judged(book.results)))}\n"
        "Beside the claims, what any such model ought to meet:\n\n"
        f"{table(beside, _rows(judged(book.results, BESIDE)))}"
    )
