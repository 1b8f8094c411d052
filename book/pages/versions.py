"""What version 2 of the model changed, and what its development found, from what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsp_lib.calibration import (
    CANDIDATES,
    FACTS,
    FEEDBACK_CANDIDATES,
    FOLLOWED_TO_H,
    LOCKED,
    OVER_FROM_H,
    SIX,
    T_CELL_CANDIDATES,
    TRIAL_UG_KG,
    CandidateModel,
    CourseResiduals,
)
from qsp_lib.common import number, percent
from qsp_lib.figures import STRUCTURES
from qsp_lib.model import RTOL, severity
from qsp_lib.protocol import Development, chosen_t_cells, read_development

from .development_figure import SIZE, Shown, why_not_enough
from .fragments import BookData, fragment, pictures, table
from .made_predictions import in_words, lock_of
from .themed import figure_block, figure_files

Array = NDArray[np.float64]
DOSES_UG_KG = np.geomspace(0.1, 1e4, 41)
CLINICAL_UG_KG = 100.0
PICTURE = "why-version-2"
N_DRAWS = 200
"""Of the sample, for the band of the figure."""


@cache
def developed(name: str) -> Development:
    """What is kept of a structure, read once."""
    return read_development(name)


def _with_error(evidence: Mapping[str, Any]) -> str:
    return f"{evidence['log_evidence']:.1f} ± {max(evidence['error'], 0.05):.1f}"


def _rows(names: tuple[CandidateModel, ...]) -> list[list[str]]:
    contents = {one.name: developed(one.name).content for one in names}
    rows = [["cost at the optimum", *(f"{c['optimum']['cost']:.1f}" for c in contents.values())]]
    rows.append(
        [
            "starts that end there",
            *(percent(c["optimum"]["share_of_starts"]) for c in contents.values()),
        ]
    )
    for drug, label in (("blinatumomab", "blinatumomab"), ("tgn1412", "TGN1412")):
        rows.append(
            [
                f"misses {label}'s published points by (log10)",
                *(f"{c['optimum']['rms_log10'][drug]:.2f}" for c in contents.values()),
            ]
        )
    rows.append(["ln evidence", *(_with_error(c["evidence"]) for c in contents.values())])
    rows.append(
        [
            "ln evidence, published rows alone",
            *(_with_error(c["evidence_published_rows"]) for c in contents.values()),
        ]
    )
    rows.append(
        [
            "error on a course left out (σ)",
            *(
                f"{np.sqrt(np.mean([r['rms_sigma'] ** 2 for r in c['left_out']])):.2f}"
                for c in contents.values()
            ),
        ]
    )
    for fact in FACTS:
        rows.append(
            [
                f"*{fact}*, share of the sample",
                *(
                    f"{percent(c['facts'][fact]['share'])}"
                    + ("" if c["facts"][fact]["met"] else " (not met)")
                    for c in contents.values()
                ),
            ]
        )
    return rows


@fragment("development_t_cells")
def t_cells(book: BookData) -> str:
    """The three T-cell parts under the gated feedback."""
    labels = [one.label for one in T_CELL_CANDIDATES]
    chosen = chosen_t_cells(
        {one.name: developed(one.name) for one in T_CELL_CANDIDATES},
        [one.name for one in T_CELL_CANDIDATES],
    )
    return table(("", *labels), _rows(T_CELL_CANDIDATES)) + (
        f"\nBy the rule that was fixed before (most facts, then evidence) the choice is "
        f"**{CANDIDATES[chosen].label}**.\n"
    )


@fragment("development_feedbacks")
def feedbacks(book: BookData) -> str:
    """The three feedbacks under the chosen T-cell part, and what the evidence says of the gate."""
    names = (*FEEDBACK_CANDIDATES, CANDIDATES[LOCKED])
    labels = [STRUCTURES[one.name] for one in names]
    evidence = {one.name: developed(one.name).content["evidence"] for one in names}
    best = max(evidence, key=lambda name: evidence[name]["log_evidence"])
    gap = evidence[best]["log_evidence"] - evidence[LOCKED]["log_evidence"]
    error = float(np.hypot(evidence[best]["error"], evidence[LOCKED]["error"]))
    words = (
        "the gate is also what the evidence prefers"
        if best == LOCKED
        else f"the evidence is for *{STRUCTURES[best]}*, by {number(float(np.exp(gap)))} to 1 "
        f"(ln {gap:.1f} ± {error:.1f})"
    )
    return table(("", *labels), _rows(names)) + (
        f"\nThe gate is kept because it is the published structure; {words}.\n"
    )


@fragment("development_samplers")
def samplers(book: BookData) -> str:
    """The six quantities by both samplers: median and central 90 %."""
    content = developed(LOCKED).content
    nested = content["second_sampler"]["quantiles"]

    rows = [
        [
            name,
            number(content["quantities"][name]["at_optimum"]),
            in_words(*content["quantities"][name]["quantiles"]),
            *(in_words(*one[name]) for one in nested),
        ]
        for name in SIX
    ]
    header = (
        "",
        "at the optimum",
        "ensembles",
        *(f"nested, run {i + 1}" for i in range(len(nested))),
    )
    found = content["sample"]["diagnostics"]
    least = min(found["effective_size"].values())
    return table(header, rows) + (
        f"\nTwo ensembles of {content['sample']['sampler']['walkers']} walkers, each "
        f"{found['autocorrelation_times']:.0f} autocorrelation times long, are worth "
        f"{number(least)} independent draws for the quantity that they serve worst; split R-hat "
        f"is at most {max(found['split_r_hat'].values()):.3f}.\n"
    )


@fragment("development_predictive")
def predictive(book: BookData) -> str:
    """How the sample predicts the published courses that it was fitted to."""
    rows = [
        (r["course"], r["points"], f"{r['rms_log10']:.2f}", percent(r["covered"]))
        for r in developed(LOCKED).content["predictive"]
    ]
    header = ("course", "points", "error of the medians (log10)", "points within the central 90 %")
    return table(header, rows)


# ---------------------------------------------------------------- the figure


@cache
def _shown() -> tuple[Shown, Shown, Array, Array, Array]:
    """Version 1 at its lock, version 2 at its optimum, doses, and the band of its sample."""
    record, development = lock_of("v1"), developed(LOCKED)
    factors = DOSES_UG_KG / CLINICAL_UG_KG
    old_course = record.run("tgn1412", horizon_h=FOLLOWED_TO_H)
    old = Shown(
        old_course.times,
        _rise(old_course["S"]),
        np.asarray(severity.index(record.run("tgn1412", dose_factor=factors))),
    )
    problem = CANDIDATES[LOCKED].problem(RTOL)
    fit: CourseResiduals = problem.residuals  # type: ignore[assignment]
    best = np.array(development.content["optimum"]["theta_log10"])[None]
    new_course = fit.simulate(best, "tgn1412", "clinical", FOLLOWED_TO_H).select(np.array([True]))
    draws = development.points[:N_DRAWS]
    at_best, over_draws = (
        np.stack(
            [
                severity.index(
                    fit.simulate(theta, "tgn1412", "clinical", 168.0, dose_factor=float(factor))
                )
                for factor in factors
            ],
            axis=1,
        )
        for theta in (best, draws)
    )
    low, high = np.quantile(over_draws, (0.05, 0.95), axis=0)
    new = Shown(new_course.times, _rise(new_course["S"])[0], at_best[0])
    return old, new, DOSES_UG_KG, low, high


def _rise(signal: Any) -> Array:
    return severity.fold_rise(np.asarray(signal), "IL6")


@pictures("why_version_2")
def draw(book: BookData) -> Mapping[str, bytes]:
    """Both versions' course and dose response."""
    figure = partial(
        why_not_enough,
        *_shown(),
        trial_ug_kg=TRIAL_UG_KG,
        clinical_ug_kg=CLINICAL_UG_KG,
        over_from_h=OVER_FROM_H,
    )
    return figure_files(PICTURE, figure)


@fragment("why_version_2")
def why(book: BookData) -> str:
    """The figure with its description and its caption."""
    old, new, *_ = _shown()
    trial = int(np.argmin(np.abs(np.log(DOSES_UG_KG / TRIAL_UG_KG))))
    late_old, late_new = (
        float(np.interp(OVER_FROM_H, one.times_h, one.rise)) for one in (old, new)
    )
    described = (
        f"Two panels. Left: TGN1412's effective signal over 28 days; five days after the dose it "
        f"is {number(late_old)} times the healthy level in version 1 and {number(late_new)} times "
        f"in version 2. Right: severity against dose; near {TRIAL_UG_KG:g} micrograms per kilogram "
        f"the index is {old.index[trial]:.1f} in version 1 and {new.index[trial]:.1f} in version 2."
    )
    caption = (
        "TGN1412 in both versions. Left: the effective IL-6 signal after the London dose. Right: "
        f"the severity index against dose; the band holds 90 % of {N_DRAWS} draws of version 2's "
        "sample. A later trial of the same molecule saw nothing (EA021); its highest dose is taken "
        f"to be {TRIAL_UG_KG:g} µg/kg (PK035, unverified)."
    )
    return figure_block(PICTURE, described, SIZE, caption)
