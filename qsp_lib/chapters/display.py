"""How a chapter shows its numbers: small tables, in words.

What is saved has short keys; what is shown has words and units. `WORDS` holds them, once for all
chapters: `table` puts them in its head, `summary` in its rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from ..common import number, percent
from ..evidence import load_tables
from ..figures import CYTOKINE_LABELS, LABELS
from ..inference import Share

pd.set_option("display.max_colwidth", None)

WORDS = {
    "time_h": "time (h)",
    "observed": "observed (pg/mL)",
    "predicted": "predicted (pg/mL)",
    "residual": "residual (log10)",
    "scaled": "residual (σ)",
    "prior_median": "prior median",
    "prior_sd": "prior sd (log10)",
    "posterior_median": "posterior median",
    "posterior_sd": "posterior sd (log10)",
    "shift": "shift of the median (log10)",
    "sd_ratio": "ratio of the sds",
    "laplace_sd": "Laplace sd",
    "sampled_sd": "sampled sd",
    "mean_shift": "shift of the mean (Laplace sd)",
    "main_parameter": "main parameter",
    "starts": "starts of the fit",
    "starts_at_best": "share of starts that reach the best optimum",
    "cost": "penalised cost",
    "second_optimum_cost": "highest cost that a start ends at",
    "rms_log10": "error (root mean square, log10)",
    "rms_sigma": "error (root mean square, σ)",
    "estimated": "estimated quantities",
    "network_parameters_moved": "network parameters moved by the data",
    "log_evidence": "log evidence",
    "published_log_evidence": "log evidence, published rows alone",
    "facts_met": "open facts met",
    "rise_at_end_of_week_1": "signal of TGN1412 at 168 h, multiple of healthy",
    "rise_after_four_weeks": "the same at 672 h",
    "index_at_7_ug_kg": "severity index at 7 µg/kg",
    "walkers": "walkers of each",
    "sampler_steps": "steps of each",
    "autocorrelation_times": "autocorrelation times that each is long",
    "acceptance": "share of the moves accepted",
    "draws_kept": "draws kept",
    "effective_size": "effective size, for the quantity known worst",
    "worst_known": "quantity known worst",
    "split_r_hat": "largest split R-hat",
    "distance_of_ensembles": "largest distance between the ensembles' distributions",
    "stays": "the search stays within 0.0001 decades of the kept optimum",
    "shift_in_prior_sd": "shift from the prior median (prior sd)",
    "share_ended_slower": "release over from 120 h, draws below the prior median",
    "share_ended_faster": "release over from 120 h, draws above it",
    "draws_faster": "draws above it",
    "left_out_rms_sigma": "error in courses left out (root mean square, σ)",
    "blinatumomab_rms_log10": "error, blinatumomab (root mean square, log10)",
    "blinatumomab_rms_sigma": "error, blinatumomab (root mean square, σ)",
    "tgn1412_rms_log10": "error, TGN1412 (root mean square, log10)",
    "tgn1412_rms_sigma": "error, TGN1412 (root mean square, σ)",
    "total_over_before": "peak total IL-6 within a day / before",
    "total_over_untreated": "total IL-6 a day later / untreated",
    "signal_over_before": "signal a day later / before",
    "early_grade_drop": "fall in grade, given by 2 h",
    "late_grade_drop": "fall in grade, given at 6 h",
    "signal_at_24h": "signal at 24 h / untreated",
    "lag_h": "CRP peaks after the signal by (h)",
    "crp_a_day_later": "CRP a day later / its peak",
    "crp_four_days_later": "CRP four days later / its peak",
    "activated_area": "change in the area of activated T cells",
    "TNF_peak": "change in the TNF peak",
    "IFN_peak": "change in the IFN-γ peak",
    "benefit_first": "benefit, given earliest",
    "benefit_last": "benefit, given latest",
    "largest_rise": "largest rise of the benefit with time",
    "lowest_occupancy": "lowest receptor occupancy",
    "added_by_second": "added by a second dose",
    "largest_rebound": "largest rebound / untreated peak",
    "largest_failing_dose": "largest dose that fails (mg/kg)",
}
"""Column heads and names of quantities, by the key that results and frames use."""
_DRUG = re.compile(rf"(?<![\w.-])({'|'.join(sorted(LABELS, key=len, reverse=True))})(?![\w-]|\.\w)")


def words(key: str) -> str:
    """A key of results or of a frame as a reader should see it; itself if it is words already."""
    return WORDS.get(key, key)


def named(text: str) -> str:
    """``text`` with drugs by their names: ``"okt3 < tgn1412"`` becomes ``"OKT3 < TGN1412"``."""
    return _DRUG.sub(lambda found: LABELS[found[1]], text)


def cell(value: Any, digits: int = 3) -> str:
    """A value as a table shows it: numbers as everywhere, drugs by their names."""
    return named(number(value, digits))


def table(frame: pd.DataFrame, digits: int = 3) -> pd.DataFrame:
    """The frame with every number as text, its first column as the row names, heads in words."""
    shown = pd.DataFrame(
        {name: [cell(value, digits) for value in frame[name].tolist()] for name in frame.columns}
    )
    shown = shown.set_index(frame.columns[0])
    return shown.rename(index=words, columns=words).rename_axis(words(frame.columns[0]))


def summary(values: dict[str, Any], digits: int = 3) -> pd.DataFrame:
    """Named numbers as a two-column table."""
    shown = pd.DataFrame(
        {
            "quantity": [words(name) for name in values],
            "value": [cell(v, digits) for v in values.values()],
        }
    )
    return shown.set_index("quantity")


def percentages(frame: pd.DataFrame, places: int = 1, keep: Iterable[str] = ()) -> pd.DataFrame:
    """The frame with its shares in percent, but for its first column and those to keep."""
    as_they_are = {frame.columns[0], *keep}
    shown = {
        name: frame[name] if name in as_they_are else [percent(x, places) for x in frame[name]]
        for name in frame.columns
    }
    return pd.DataFrame(shown)


def columns(values: pd.DataFrame | Share) -> dict[str, Any]:
    """A table, or a share with its interval, as results keep it: plain values by name."""
    if isinstance(values, Share):
        whole = {"count": values.held, "total": values.total}
        return whole | {"share": values.value, "low": values.low, "high": values.high}
    return {str(name): values[name].tolist() for name in values.columns}


def cited(ids: Iterable[str]) -> str:
    """Rows of evidence by their ids, an asterisk at each whose source is not verified."""
    evidence = load_tables()
    return ", ".join(i if evidence.row(i).is_verified else f"{i}*" for i in ids) or "–"


def fit_table(data: pd.DataFrame) -> pd.DataFrame:
    """Observed beside predicted levels, what each point is used for next to what it is.

    Args:
        data: as `qsp_lib.calibration.joint_fit.CourseResiduals.table` makes it. A level above
            what the assay could read is shown as ``>`` its limit, one that is only known to be
            low as ``≤`` its bound, and a peak with the time it is looked for in, if that does not
            begin with the dose.
    """
    shown = pd.DataFrame(
        {
            "point": data["evidence"],
            "regimen": data["regimen"].str.replace("_", " "),
            "analyte": data["analyte"].replace({**CYTOKINE_LABELS, "B": "B cells (fraction)"}),
            "use": data["use"],
            "time_h": [
                _when(*row) for row in data[["kind", "time_h", "window_h"]].itertuples(index=False)
            ],
            "observed": [
                {(True, False): "> ", (True, True): "≤ "}.get((bound, at_most), "") + cell(level)
                for bound, at_most, level in zip(
                    data["censored"], data["at_most"], data["observed"], strict=True
                )
            ],
            **{key: data[key] for key in ("predicted", "residual", "scaled")},
        }
    )
    if shown["regimen"].nunique() == 1:
        shown = shown.drop(columns="regimen")
    return table(shown)


def _when(kind: str, time_h: float, window_h: tuple[float, float] | None) -> str:
    """The time of a point, or what a peak is the highest of."""
    if kind == "point":
        return cell(time_h)
    first, last = window_h or (0.0, 0.0)
    return f"peak from {cell(first)} to {cell(last)}" if first else "peak"
