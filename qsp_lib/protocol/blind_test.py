"""The blind prediction of OKT3 from a lock record, and the eight checks fixed with it.

Nothing here fits anything. The prediction is a function of the record; the
comparison with published outcomes runs only when the held-back table is opened.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..common import IntegrationError, LockError, canonical_json, rounded, write_text_atomic
from ..evidence import RANGE_KINDS, EvidenceRow, convert
from ..model import Draws, Trajectory, severity
from .ledger import record_file, require_file
from .lock import LOCKS, Record
from .seal import Evaluation, JudgedRow

CYTOKINES = {"TNF": "TNF", "IFN": "IFN-gamma", "IL6": "IL-6"}
"""State of the model, and the name the evidence tables give it."""

COMPARED_DIGITS = 6
"""Significant digits of what the ledger keeps, so that it compares what was seen."""
UNDETERMINED_H = 0.1
WITHIN_H = 12.0
BY_H = 48.0
SECOND_DOSE_H = 24.0

CHECKS = {
    "Q1": "TNF peaks before IFN-gamma, and IFN-gamma no later than IL-6 (within 0.1 h: "
    "undetermined)",
    "Q2": "all three peak within 12 h of the first dose",
    "Q3": "all three are below 10 % of their peak from 48 h on, although dosing goes on",
    "Q4": "the second day's dose gives less than 25 % of the first day's peak, all three",
    "Q5": "activated T cells fall below 10 % of their peak within 24 h",
    "Q6": "the macrophage loop is not self-sustaining: M is below half its peak from 48 h on, and "
    "the feedback's share of IL-6 production at the peak is smaller than TGN1412's",
    "Q7": "severity lies strictly between blinatumomab's and TGN1412's",
    "Q8": "the dose is on the plateau: 10 mg changes each peak by less than 10 %",
}
HOLDS, FAILS, OPEN = 1, 0, -1
VERDICTS = {HOLDS: "holds", FAILS: "fails", OPEN: "undetermined"}

ARMS = {
    "blinatumomab": ("blinatumomab", "clinical"),
    "blinatumomab_step": ("blinatumomab", "step"),
    "okt3": ("okt3", "clinical"),
    "okt3_double": ("okt3", "double"),
    "tgn1412": ("tgn1412", "clinical"),
}
"""What is simulated: drug and regimen."""
ORDERED = ("blinatumomab", "okt3", "tgn1412")


@dataclass(frozen=True)
class BlindRun:
    """The arms of the protocol, simulated on the same parameter sets."""

    arms: Mapping[str, Trajectory]

    @property
    def completed(self) -> NDArray[np.bool_]:
        """Sets ``(N,)`` for which every arm completed."""
        return np.all([arm.completed for arm in self.arms.values()], axis=0)

    @cached_property
    def severities(self) -> Mapping[str, Mapping[str, NDArray[np.float64]]]:
        """Severity of each arm under every definition, ``(N,)`` each; worked out once."""
        return {name: severity.definitions(arm) for name, arm in self.arms.items()}

    def select(self, keep: NDArray[np.bool_]) -> BlindRun:
        """The sets for which ``keep`` ``(N,)`` is true."""
        return BlindRun({name: arm.select(keep) for name, arm in self.arms.items()})


def run_protocol(record: Record, draws: Mapping[str, Draws] | None = None) -> BlindRun:
    """Simulate every arm from the record: its locked values, or its own draws."""
    arms = {}
    for name, (drug, regimen) in ARMS.items():
        given = None if draws is None else draws[drug]
        arms[name] = record.run(drug, regimen, draws=given)
    return BlindRun(arms)


def _all_hold(*conditions: NDArray[np.bool_]) -> NDArray[np.int_]:
    return np.where(np.all(conditions, axis=0), HOLDS, FAILS)


def _order_in_time(*gaps_h: NDArray[np.float64]) -> NDArray[np.int_]:
    """Every gap must be positive; one within UNDETERMINED_H leaves the order open."""
    gaps = np.stack(gaps_h)
    return np.where(
        np.any(gaps < -UNDETERMINED_H, axis=0),
        FAILS,
        np.where(np.any(gaps <= UNDETERMINED_H, axis=0), OPEN, HOLDS),
    )


def check_all(run: BlindRun) -> dict[str, NDArray[np.int_]]:
    """Verdict of each check for each set, ``(N,)``; a set that did not complete fails all."""
    kept = run.completed
    verdicts = {name: np.full(kept.size, FAILS) for name in CHECKS}
    if kept.any():
        for name, values in _check_completed(run.select(kept)).items():
            verdicts[name][kept] = values
    return verdicts


def _check_completed(run: BlindRun) -> dict[str, NDArray[np.int_]]:
    okt3, double = run.arms["okt3"], run.arms["okt3_double"]
    first = {c: okt3.peak(c, 0.0, SECOND_DOSE_H) for c in CYTOKINES}
    peaks = {c: okt3.peak(c) for c in CYTOKINES}
    late = {c: okt3.peak(c, BY_H).value for c in CYTOKINES}
    second = {c: okt3.peak(c, SECOND_DOSE_H, 2 * SECOND_DOSE_H).value for c in CYTOKINES}
    activated, macrophages = okt3.peak("A"), okt3.peak("M")
    share = {name: _feedback_share_at_peak(run.arms[name]) for name in ("okt3", "tgn1412")}
    z = {name: severity.index(run.arms[name]) for name in ORDERED}
    return {
        "Q1": _order_in_time(
            peaks["IFN"].time_h - peaks["TNF"].time_h, peaks["IL6"].time_h - peaks["IFN"].time_h
        ),
        "Q2": _all_hold(*(peak.time_h <= WITHIN_H for peak in peaks.values())),
        "Q3": _all_hold(*(late[c] < 0.10 * peaks[c].value for c in CYTOKINES)),
        "Q4": _all_hold(*(second[c] < 0.25 * first[c].value for c in CYTOKINES)),
        "Q5": _all_hold(okt3.at("A", SECOND_DOSE_H) < 0.10 * activated.value),
        "Q6": _all_hold(
            okt3.peak("M", BY_H).value < 0.5 * macrophages.value, share["okt3"] < share["tgn1412"]
        ),
        "Q7": _all_hold(
            z["okt3"] - z["blinatumomab"] > severity.TIE, z["tgn1412"] - z["okt3"] > severity.TIE
        ),
        "Q8": _all_hold(
            *(np.abs(double.peak(c).value / peaks[c].value - 1) < 0.10 for c in CYTOKINES)
        ),
    }


def _feedback_share_at_peak(trajectory: Trajectory) -> NDArray[np.float64]:
    """Feedback's share of IL-6 production at the report time nearest the IL-6 peak, ``(N,)``."""
    times = np.atleast_1d(trajectory.peak("IL6").time_h)
    nearest = np.abs(trajectory.times[None, :] - times[:, None]).argmin(axis=1)
    return np.atleast_2d(trajectory["feedback_share"])[np.arange(len(times)), nearest]


def summarise(values: NDArray[np.float64]) -> dict[str, float]:
    """Median and central 90 % interval of ``(N,)`` values."""
    low, median, high = np.percentile(values, [5, 50, 95])
    return {"median": float(median), "low": float(low), "high": float(high)}


def predict(record: Record, draws: Mapping[str, Draws] | None = None) -> dict[str, Any]:
    """The blind prediction: both runs of the protocol, and their :func:`numbers`.

    Args:
        record: the lock record.
        draws: of each drug; by default the record's own number of its own draws.
    """
    if draws is None:
        draws = record.draws(record.n_draws)
    return numbers(record, run_protocol(record), run_protocol(record, draws))


def numbers(record: Record, central: BlindRun, drawn: BlindRun) -> dict[str, Any]:
    """Levels, times, severity, checks and orderings of the protocol, with intervals.

    Args:
        record: the lock record.
        central: the protocol at the locked values.
        drawn: the protocol over draws.

    Returns:
        Plain numbers by name. Peaks in pg/mL with the healthy baseline added, times
        in h; ``central`` is the run at the locked values, intervals are 5-95 %.
    """
    central = central.select(np.array([True]))
    n_draws = drawn.completed.size
    kept = drawn.completed
    if not kept.any():
        raise IntegrationError(f"none of {n_draws} draws completed; there is no prediction.")
    good = drawn.select(kept)
    verdicts, central_verdicts = check_all(drawn), check_all(central)
    return {
        "lock": record.version,
        "draws": n_draws,
        "failed_draws": int((~kept).sum()),
        "arms": {name: _arm_numbers(name, central, good) for name in ARMS},
        "checks": {
            name: {
                "central": VERDICTS[int(central_verdicts[name][0])],
                "share_holds": float(np.mean(verdicts[name] == HOLDS)),
                "share_undetermined": float(np.mean(verdicts[name] == OPEN)),
            }
            for name in CHECKS
        },
        "ordering": _orderings(central, good, n_draws),
        "grades": _grades(record, central, good),
    }


PREDICTIONS = LOCKS.parent / "predictions"


def prediction_path(record: Record, directory: Path = PREDICTIONS) -> Path:
    """Where the prediction made from a record is kept."""
    return directory / f"prediction-{record.version}.json"


def commit_prediction(record: Record, directory: Path = PREDICTIONS) -> Path:
    """Predict from the record and write the prediction down, once.

    Raises:
        LockError: a prediction from this record is on file already.
    """
    path = prediction_path(record, directory)
    made_already = LockError(
        f"the prediction from lock {record.version} is on file and is never made again; "
        "read it, or make a new lock version."
    )
    if path.exists():
        raise made_already
    content = {"lock_digest": record.digest} | predict(record)
    directory.mkdir(parents=True, exist_ok=True)
    try:
        write_text_atomic(path, canonical_json(content), replace=False)
    except FileExistsError:  # another process was first
        raise made_already from None
    if directory == PREDICTIONS:
        medians = {c: content["arms"]["okt3"][c]["peak"]["median"] for c in CYTOKINES}
        record_file(
            "prediction",
            path,
            version=record.version,
            digest=record.digest,
            summary={"median_peaks_pg_mL": rounded(medians, COMPARED_DIGITS)},
        )
    return path


def committed_prediction(record: Record, directory: Path = PREDICTIONS) -> dict[str, Any]:
    """The prediction on file for a record.

    Raises:
        LockError: none is on file, or it was made from another record.
    """
    path = prediction_path(record, directory)
    if not path.exists():
        raise LockError(f"no prediction from lock {record.version} is on file; commit one first.")
    content = json.loads(path.read_text(encoding="utf-8"))
    if content["lock_digest"] != record.digest:
        raise LockError(f"{path.name} was made from another record than lock {record.version}.")
    if directory == PREDICTIONS:
        require_file("prediction", path)
    return content


def _arm_numbers(name: str, central: BlindRun, drawn: BlindRun) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for c in CYTOKINES:
        base = severity.baselines()[c]
        at_lock, over_draws = central.arms[name].peak(c), drawn.arms[name].peak(c)
        numbers[c] = {
            "peak": {"central": float(at_lock.value[0] + base)}
            | summarise(over_draws.value + base),
            "time": {"central": float(at_lock.time_h[0])} | summarise(over_draws.time_h),
        }
    numbers["severity"] = {
        key: {"central": float(central.severities[name][key][0])} | summarise(values)
        for key, values in drawn.severities[name].items()
    }
    return numbers


def _orderings(central: BlindRun, drawn: BlindRun, n_draws: int) -> dict[str, Any]:
    """For each definition of severity and each blinatumomab regimen: the order, and its share."""
    result: dict[str, Any] = {}
    for mild in ("blinatumomab", "blinatumomab_step"):
        names = (mild, "okt3", "tgn1412")
        at_lock, over_draws = central.severities, drawn.severities
        for key in at_lock[mild]:
            steps = [
                over_draws[higher][key] - over_draws[lower][key] > severity.TIE
                for lower, higher in zip(names[:-1], names[1:], strict=True)
            ]
            result[f"{mild}/{key}"] = {
                "central": severity.order({n: float(at_lock[n][key][0]) for n in names}),
                "share_expected": float(np.all(steps, axis=0).sum() / n_draws),
            }
    return result


def _grades(record: Record, central: BlindRun, drawn: BlindRun) -> dict[str, Any]:
    """Illustrative grades: at the lock, and the share of draws in each."""
    result = {}
    for name in ARMS:
        grades = record.boundaries.grade(drawn.severities[name]["index"])
        result[name] = {
            "central": int(record.boundaries.grade(central.severities[name]["index"])[0]),
            "shares": [float(np.mean(grades == grade)) for grade in range(5)],
        }
    return result


def compare_with_outcomes(
    prediction: Mapping[str, Any], eligible: Sequence[EvidenceRow]
) -> dict[str, Any]:
    """Set the predicted first-dose peaks beside the eligible published statistics.

    A cytokine passes if the median predicted peak lies between the lowest and the
    highest eligible statistic; every source is listed with its own pass or fail,
    which means within its own range where it gives one, and is undetermined else.
    """
    result: dict[str, Any] = {}
    for cytokine, analyte in CYTOKINES.items():
        median = prediction["arms"]["okt3"][cytokine]["peak"]["median"]
        sources: list[dict[str, Any]] = []
        for row in eligible:
            if row.analyte != analyte:
                continue
            levels = [
                convert(level, row.unit, "pg/mL")
                for level in (row.value, *_range_of(row))
                if level is not None
            ]
            if not levels:
                continue
            inside = min(levels) <= median <= max(levels) if len(levels) > 1 else None
            sources.append(
                {"id": row.id, "low": min(levels), "high": max(levels), "inside": inside}
            )
        low = min((source["low"] for source in sources), default=None)
        high = max((source["high"] for source in sources), default=None)
        inside = low is not None and high is not None and low <= median <= high
        result[cytokine] = {
            "predicted_median": median,
            "published_low": low,
            "published_high": high,
            "verdict": ("pass" if inside else "fail") if sources else "no eligible row",
            "sources": sources,
        }
    return result


def _range_of(row: EvidenceRow) -> tuple[float | None, float | None]:
    """The range a row reports; a bound on one side only is not a statistic."""
    return (None, None) if RANGE_KINDS.get(row.range_kind) == "limit" else (row.low, row.high)


def evaluation(prediction: Mapping[str, Any]) -> Evaluation:
    """What an opening runs on the judged rows: the comparison with the prediction, rounded."""

    def evaluate(rows: tuple[JudgedRow, ...]) -> Mapping[str, Any]:
        eligible = [judged.row for judged in rows if judged.eligible and judged.row is not None]
        return {
            "rows": len(rows),
            "eligible": len(eligible),
            "comparison": rounded(compare_with_outcomes(prediction, eligible), COMPARED_DIGITS),
        }

    return evaluate
