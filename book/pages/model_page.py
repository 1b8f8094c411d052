"""What the model's page says of severity, of CRP and of the fit, with its numbers."""

from __future__ import annotations

import csv
from dataclasses import asdict
from typing import Any

import numpy as np

from qsp_lib.calibration import joint_fit as calibration
from qsp_lib.common import decimals, input_file, number, percent
from qsp_lib.evidence import load_observations
from qsp_lib.inference import fitting, profiles
from qsp_lib.model import MILD_PEAK_MG_L, NETWORK, SEVERE_PEAK_MG_L, NetworkParameters, severity
from qsp_lib.protocol import current_record, read_kept_sample

from .fragments import BookData, fragment, table
from .symbols import CRP_SOURCES, grade_boundaries, in_words, link


def highest_index(network: NetworkParameters, healthy: float) -> float:
    """A bound on the severity index without tocilizumab, whatever the drug and its dose.

    Activated macrophages settle at most at ``k_M/(k_M + d_M)``, activated T cells at most at 1, a
    Hill term at most at 1; so IL-6, and the signal that follows it, stay below what these make
    over what is removed.

    Args:
        network: with macrophage-gated feedback.
        healthy: IL-6 of a healthy person (pg/mL).
    """
    p = network.values()
    macrophages = p["k_M"] / (p["k_M"] + p["d_M"])
    level = (p["k_IL6_T"] + (p["k_IL6_M"] + p["k_fb"]) * macrophages) / p["d_IL6"]
    return float(np.log10((healthy + level) / healthy))


@fragment("severity_ceiling")
def severity_ceiling(_book: BookData) -> str:
    """The bound on the index at the locked values, as a sentence."""
    record = current_record()
    bound = highest_index(record.network, record.baselines["IL6"])
    severe = float(severity.index(record.run("tgn1412")))
    return (
        r"Macrophages settle at most at $k_M/(k_M+d_M)$, T cells and the feedback have their "
        "maxima too, so that without tocilizumab no drug and no dose can go beyond\n\n"
        r"$$ z_\mathrm{max} = \log_{10}\frac{b + \left(k_{\mathrm{IL6},T} + "
        r"(k_{\mathrm{IL6},M} + k_\mathrm{fb})\,k_M/(k_M+d_M)\right)/d_\mathrm{IL6}}{b}, $$"
        f"\n\nwhich is {decimals(bound, 2)} at the locked values; "
        f"TGN1412 stands at {decimals(severe, 2)} there.\n"
    )


@fragment("grade_table")
def grade_table(_book: BookData) -> str:
    """The lowest index of each grade, with where it comes from."""
    edges = asdict(current_record().boundaries)
    rows = [
        (f"{grade}", decimals(edges[f"grade_{grade}"], 2), origin)
        for grade, origin in grade_boundaries()
    ]
    return table(("grade", "from an index of", "set at"), rows)


@fragment("crp_parameters")
def crp_parameters(_book: BookData) -> str:
    """The three numbers of the CRP readout, and what they were calibrated to."""
    values = current_record().crp.values()
    rows = [(link(name), *in_words(name), values[name], CRP_SOURCES[name]) for name in values]
    return table(("symbol", "what it is", "unit", "locked", "from"), rows) + (
        f"\nThe two peaks, {SEVERE_PEAK_MG_L:g} mg/L for TGN1412 and {MILD_PEAK_MG_L:g} mg/L for "
        "blinatumomab, are declared and not data; `qsp_lib/model/crp.py` solves for the two "
        "numbers.\n"
    )


@fragment("fit_sigmas")
def fit_sigmas(_book: BookData) -> str:
    """The residual standard deviations of the fit, by course."""
    groups: dict[tuple[str, str, str], list[Any]] = {}
    for one, rule in zip(load_observations(), _sigma_rules(), strict=True):
        groups.setdefault((one.course, rule, one.use), []).append(one)
    rows = [
        (
            course,
            len(seen),
            rule.replace("sqrt(n)", "√n"),
            _span([o.sigma_log10 for o in seen]),
            use,
            sum(o.is_censored for o in seen) or "",
        )
        for (course, rule, use), seen in groups.items()
    ]
    header = ("course", "points", "rule for σ", "σ (log10)", "used as", "censored")
    return table(header, rows)


@fragment("fit_settings")
def fit_settings(book: BookData) -> str:
    """How the fit, the sampler and the profiles were run, each with its place in the code."""
    record = current_record()
    locking = book.results["02_locking"].values
    kept = read_kept_sample(record)
    plan, worth = kept.made["sampler"], kept.made["diagnostics"]
    names = record.posterior[0]
    # k_IL6_T is estimated as its ratio to k_IL6_M, and the drugs share k_rec
    networks = sum(name.partition("/")[0] in NETWORK for name in names)
    rows = [
        (
            "fitted",
            f"{len(names)} parameters: {networks} of the network, "
            f"{len(names) - networks} of the drugs",
            "`calibration.estimated`",
        ),
        (
            "bounds",
            f"{calibration.BOUND_DECADES:g} decades either side of the prior median",
            "`calibration.make_problem`",
        ),
        (
            "starts",
            f"{locking['fit']['starts']} scrambled Sobol points of the prior, its median "
            f"first; {percent(locking['fit']['starts_at_best'])} of them end at the best cost",
            "`inference.fitting.starting_points`",
        ),
        (
            "integration within the fit",
            f"relative tolerance {_power(calibration.FIT_RTOL)}, "
            f"absolute {_power(calibration.FIT_ATOL)}",
            "`calibration.CourseResiduals`",
        ),
        (
            "step of the differences",
            f"{_power(fitting.STEP)} in log10",
            "`inference.fitting.Problem`",
        ),
        ("cost at the lock", decimals(record.cost, 2), "lock record"),
        (
            "sampler",
            f"{plan['ensembles']} ensembles of {plan['walkers']} walkers, {plan['steps']:,} steps "
            f"each, the first {plan['burn_in']:,} thrown away; {plan['draws']:,} draws kept",
            "`protocol.ensembles.run_ensembles`",
        ),
        (
            "worth of the sample",
            f"{worth['autocorrelation_times']:g} autocorrelation times, effective size of "
            f"the chains {decimals(min(worth['effective_size'].values()), 0)} or more, "
            f"split R-hat at most {decimals(max(worth['split_r_hat'].values()), 3)}",
            "`protocol.ensembles.diagnostics`",
        ),
        (
            "profile threshold",
            f"{decimals(profiles.THRESHOLD, 2)}, the {percent(profiles.CONFIDENCE)} quantile "
            "of χ² with one degree of freedom",
            "`inference.profiles.THRESHOLD`",
        ),
    ]
    return table(("what", "value", "where"), rows)


def _sigma_rules() -> list[str]:
    """The rule of each observation as its table writes it, in the order of the table."""
    text = input_file("observations.csv").read_text(encoding="utf-8")
    return [row["sigma_rule"] for row in csv.DictReader(text.splitlines())]


def _span(values: list[float]) -> str:
    low, high = (decimals(value, 2) for value in (min(values), max(values)))
    return low if low == high else f"{low}–{high}"


def _power(value: float) -> str:
    return number(value).removeprefix("1 × ")
