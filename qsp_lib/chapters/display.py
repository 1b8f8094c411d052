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
    "odds_against": "odds of the best against it",
    "left_out_rms_sigma": "error in courses left out (root mean square, σ)",
    "blinatumomab_rms_log10": "error, blinatumomab (root mean square, log10)",
    "blinatumomab_rms_sigma": "error, blinatumomab (root mean square, σ)",
    "tgn1412_rms_log10": "error, TGN1412 (root mean square, log10)",
    "tgn1412_rms_sigma": "error, TGN1412 (root mean square, σ)",
    "blinatumomab_il6_at_168h": "blinatumomab, IL-6 at 168 h (pg/mL)",
    "tgn1412_il6_48h_share": "TGN1412, IL-6 at 48 h / its peak",
    "tgn1412_tnf_48h_share": "TGN1412, TNF at 48 h / its peak",
    "signal_at_168h": "TGN1412, effective signal at 168 h (pg/mL)",
    "without_macrophages": "TGN1412, peak IL-6 without macrophages / with",
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
            what the assay could read is shown as ``>`` its limit, a peak at whatever
            time as ``peak``.
    """
    shown = pd.DataFrame(
        {
            "point": data["id"],
            "analyte": data["analyte"].replace(CYTOKINE_LABELS),
            "use": data["use"],
            "time_h": [
                "peak" if kind == "peak" else cell(time)
                for kind, time in zip(data["kind"], data["time_h"], strict=True)
            ],
            "observed": [
                ("> " if above else "") + cell(level)
                for above, level in zip(data["censored"], data["observed"], strict=True)
            ],
            **{key: data[key] for key in ("predicted", "residual", "scaled")},
        }
    )
    # a declared point has no row of evidence: its id repeats what the other columns say
    shown.loc[data["kind"] == "peak", "point"] = "–"
    return table(shown)
