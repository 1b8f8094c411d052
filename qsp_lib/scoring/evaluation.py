"""Sets forecasts beside the judged rows of a table: every score that was fixed beforehand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .clusters import claim, cluster_means, difference_interval, skill, skill_interval
from .doses import latest_dose
from .forecast import GRADE, PEAK, ForecastQuantity, Forecasts
from .mixture import Mixture, observation_sd
from .reference import REFERENCE, references
from .rules import OF_LOCK_V1, PredictedRegimen, Rules, TableRules
from .scores import COVERED, Observed, interval, of_level, of_limit, ranked_probability_score
from .targets import GRADED, PASS_FAIL, SCORED, Target

Array = NDArray[np.float64]
WITH, WITHOUT = "with s_study", "without s_study"


@dataclass(frozen=True)
class EligibleRow:
    """An eligible row: its id, and what it is set beside."""

    id: str
    target: Target


def evaluate(
    rules: Rules, table_name: str, rows: Sequence[EligibleRow], forecasts: Mapping[str, Forecasts]
) -> dict[str, Any]:
    """Scores, comparisons and counts of the eligible rows of a table, as plain numbers.

    Args:
        rules: as a lock record holds them.
        table_name: of the table.
        rows: its eligible rows.
        forecasts: by name; the first is the one that is tested, the others stand beside it.
    """
    table = rules.table(table_name)
    scored = [row for row in rows if row.target.use == SCORED]
    clusters = [cluster_of(table, row.target) for row in scored]
    tested = next(iter(forecasts))
    return {
        "scored": len(scored),
        "below_limit": sum(row.target.is_below_limit for row in scored),
        "pass_or_fail_only": sum(row.target.use == PASS_FAIL for row in rows),
        "graded": sum(row.target.use == GRADED for row in rows),
        "independent_outcomes": {
            "drug_dose_study": len(set(clusters)),
            "studies": len({row.target.study for row in scored}),
            "drugs": len({row.target.quantity.drug for row in scored}),
        },
        "tested": tested,
        "draws": {name: given.n_draws for name, given in forecasts.items()},
        "not_predicted": {
            name: [r.id for r in scored if expected(table, given, r.target) is None]
            for name, given in forecasts.items()
        },
        "scores": {
            WITH: _all_scores(rules, table, scored, clusters, forecasts, rules.s_study),
            WITHOUT: _all_scores(rules, table, scored, clusters, forecasts, 0.0),
        },
        "each_row": [_one_row(rules, table, row, forecasts[tested]) for row in scored],
        "grades": _grades(rules, table, rows, forecasts),
        "comparison": pass_or_fail(table, rows, forecasts[tested]),
    }


def cluster_of(table: TableRules, target: Target) -> tuple[str, str, str]:
    """Drug, dose and study of a row."""
    quantity = target.quantity
    dose = quantity.dose if quantity.amount is None else f"{quantity.amount:g}"
    regimen = _regimen(table, quantity)
    if regimen is not None and quantity.amount is None and quantity.time_h is not None:
        dose = latest_dose(_from_first(quantity, regimen), regimen)
    return quantity.drug, f"{quantity.regimen} {dose}", target.study


def expected(table: TableRules, forecasts: Forecasts, target: Target) -> Array | None:
    """Draws ``(N,)`` of the log10 median that a row would give; None if it was not predicted.

    Where points at the floor of the assay were left out, a measured median is one of those above.
    """
    draws = forecasts.at(target.quantity)
    if draws is None or table.floor is None or target.is_below_limit:
        return draws
    return table.floor.median_above(draws, since_dose(table, target.quantity) or 0.0)


def since_dose(table: TableRules, quantity: ForecastQuantity) -> float | None:
    """Hours from the latest dose; None for a peak."""
    regimen = _regimen(table, quantity)
    if quantity.time_h is None or regimen is None:
        return quantity.time_h
    time = _from_first(quantity, regimen)
    return time - regimen.times_h[latest_dose(time, regimen) - 1]


def _from_first(quantity: ForecastQuantity, regimen: PredictedRegimen) -> float:
    return regimen.times_h[quantity.dose - 1] + (quantity.time_h or 0.0)


def _regimen(table: TableRules, quantity: ForecastQuantity) -> PredictedRegimen | None:
    found = (r for r in table.regimens if (r.drug, r.name) == (quantity.drug, quantity.regimen))
    return next(found, None)


# ---------------------------------------------------------------- scores


def _predictives(
    rules: Rules,
    table: TableRules,
    target: Target,
    forecasts: Mapping[str, Forecasts],
    s_study: float,
) -> dict[str, Mixture]:
    """What each forecast says of a row; one that says nothing is left out."""
    quantity = target.quantity
    sd = observation_sd(target.n or 1, rules.s_pop, s_study)
    found = {}
    for name, given in forecasts.items():
        draws = expected(table, given, target)
        if draws is not None:
            found[name] = Mixture(draws, sd)
    since = since_dose(table, quantity)
    return found | references(rules.reference_drugs, rules.reference_sd, quantity.analyte, since)


def _outcome(predictive: Mixture, target: Target) -> Observed:
    if target.limit_pg_mL is not None:
        return of_limit(predictive, math.log10(target.limit_pg_mL))
    return of_level(predictive, math.log10(target.value or math.nan))


def _all_scores(
    rules: Rules,
    table: TableRules,
    rows: Sequence[EligibleRow],
    clusters: Sequence[tuple[str, str, str]],
    forecasts: Mapping[str, Forecasts],
    s_study: float,
) -> dict[str, Any]:
    """Scores of each forecast and of the references, averaged over clusters."""
    outcomes: list[dict[str, Observed]] = []
    for row in rows:
        predictives = _predictives(rules, table, row.target, forecasts, s_study)
        outcomes.append({name: _outcome(p, row.target) for name, p in predictives.items()})
    names = dict.fromkeys([*forecasts, *(name for found in outcomes for name in found)])
    return {name: _averages(rules, name, clusters, outcomes) for name in names}


def _averages(
    rules: Rules,
    name: str,
    clusters: Sequence[tuple[str, str, str]],
    outcomes: Sequence[Mapping[str, Observed]],
) -> dict[str, Any] | None:
    """Averages of one forecast's scores over clusters; None if it says nothing of any row."""
    both = [
        (cluster, found[name], found[REFERENCE])
        for cluster, found in zip(clusters, outcomes, strict=True)
        if name in found
    ]
    if not both:
        return None
    chance = (rules.bootstrap, rules.seed, rules.share)
    of_all = [cluster for cluster, _, _ in both]
    logs = cluster_means(of_all, [own.log_score for _, own, _ in both])
    worse = logs - cluster_means(of_all, [other.log_score for _, _, other in both])
    result: dict[str, Any] = {
        "rows": len(both),
        "clusters": int(logs.size),
        "log_score": float(logs.mean()),
        "log_score_difference": claim(
            logs.size,
            rules.least_clusters,
            float(worse.mean()),
            difference_interval(worse, *chance),
        ),
    }
    measured = [(c, own, other) for c, own, other in both if own.crps is not None]
    result["rows_with_level"] = len(measured)
    if not measured:
        return result | {"crps": None, "skill": None, "interval_score": None, "coverage": None}
    of_measured = [cluster for cluster, _, _ in measured]

    def mean_of(values: Sequence[float]) -> float:
        return float(cluster_means(of_measured, values).mean())

    crps = cluster_means(of_measured, [own.crps or 0.0 for _, own, _ in measured])
    reference = cluster_means(of_measured, [other.crps or 0.0 for _, _, other in measured])
    return result | {
        "crps": float(crps.mean()),
        "clusters_with_level": int(crps.size),
        "skill": claim(
            crps.size,
            rules.least_clusters,
            skill(crps, reference),
            skill_interval(crps, reference, *chance),
        ),
        "interval_score": mean_of([own.interval_score or 0.0 for _, own, _ in measured]),
        "coverage": {
            f"{100 * share:g}": mean_of([float((own.inside or ())[i]) for _, own, _ in measured])
            for i, share in enumerate(COVERED)
        },
    }


def _one_row(
    rules: Rules, table: TableRules, row: EligibleRow, forecasts: Forecasts
) -> dict[str, Any]:
    """One row beside what was tested: what was predicted, observed, and how that scores."""
    target = row.target
    told: dict[str, Any] = {
        "id": row.id,
        "quantity": target.quantity.key,
        "cluster": " | ".join(cluster_of(table, target)),
        "n": target.n,
        "observed_pg_mL": target.value,
        "below_pg_mL": target.limit_pg_mL,
    }
    draws = expected(table, forecasts, target)
    if draws is None:
        return told | {"predicted_median_pg_mL": None}
    predictive = Mixture(draws, observation_sd(target.n or 1, rules.s_pop, rules.s_study))
    outcome = _outcome(predictive, target)
    ends = {
        f"{100 * share:g}": [10.0**end for end in interval(predictive, share)] for share in COVERED
    }
    return told | {
        "predicted_median_pg_mL": 10.0 ** predictive.quantile(0.5),
        "intervals_pg_mL": ends,
        "crps": outcome.crps,
        "log_score": outcome.log_score,
        "pit": outcome.pit,
        "interval_score": outcome.interval_score,
        "inside": None if outcome.inside is None else list(outcome.inside),
    }


# ---------------------------------------------------------------- grades


def _grades(
    rules: Rules, table: TableRules, rows: Sequence[EligibleRow], forecasts: Mapping[str, Forecasts]
) -> dict[str, Any] | None:
    """Ranked probability scores of the grade and of the place in the order, over studies.

    The drugs that set the boundaries have known grades, so a grade is a place in the order: no
    more than the mild drug, between the two, as much as the severe one.
    """
    graded = [row for row in rows if row.target.use == GRADED]
    if not graded:
        return None
    n_grades = len(rules.places)
    told = {}
    for name, given in forecasts.items():
        draws = given.at(graded[0].target.quantity)
        if draws is not None:
            counts = np.bincount(draws.astype(int), minlength=n_grades)
            told[name] = (counts / draws.size).tolist()
    for drug, grade in rules.drugs_grades.items():
        told[f"copy of {drug}"] = [float(i == grade) for i in range(n_grades)]
    told["equal shares"] = [1 / n_grades] * n_grades
    studies = [row.target.study for row in graded]
    published = [int(row.target.value or 0) for row in graded]

    def score(shares: Sequence[float], classes: Sequence[int]) -> float:
        each = [ranked_probability_score(shares, outcome) for outcome in classes]
        return float(cluster_means(studies, each).mean())

    return {
        "rows": {row.id: grade for row, grade in zip(graded, published, strict=True)},
        "studies": len(set(studies)),
        "forecasts": {
            name: {
                "shares": shares,
                "score_of_grade": score(shares, published),
                "score_of_place": score(
                    _of_places(rules, shares), [rules.places[grade] for grade in published]
                ),
            }
            for name, shares in told.items()
        },
    }


def _of_places(rules: Rules, shares: Sequence[float]) -> list[float]:
    """Shares of the places in the order, of shares of the grades."""
    places = [0.0] * (max(rules.places) + 1)
    for place, share in zip(rules.places, shares, strict=True):
        places[place] += share
    return places


# ---------------------------------------------------------------- pass or fail


def pass_or_fail(
    table: TableRules, rows: Sequence[EligibleRow], forecasts: Forecasts
) -> dict[str, dict[str, Any]]:
    """The median prediction beside the published statistics, by quantity.

    It passes if it lies from the lowest to the highest eligible statistic; a source of its own
    passes or fails if it gives a range, and is undetermined else.
    """
    groups: dict[str, list[EligibleRow]] = {}
    for quantity in _always_compared(table):
        groups[quantity.key] = []
    for row in rows:
        if row.target.ends:
            groups.setdefault(row.target.quantity.key, []).append(row)
    return {
        key: _compare(table, ForecastQuantity.parse(key), groups[key], forecasts) for key in groups
    }


def _always_compared(table: TableRules) -> list[ForecastQuantity]:
    if table.fixed is None:
        return []
    where = table.fixed["quantity"]
    return [
        ForecastQuantity(where["drug"], where["regimen"], int(where["dose"]), analyte)
        for analyte in table.fixed["analytes"]
    ]


def _compare(
    table: TableRules, quantity: ForecastQuantity, rows: Sequence[EligibleRow], forecasts: Forecasts
) -> dict[str, Any]:
    beside = Target(quantity, PASS_FAIL, None, None, (), None, "")
    draws = expected(table, forecasts, beside)
    # of levels, as a prediction is committed: the middle of two is not that of their logarithms
    median = None if draws is None else float(np.median(10.0**draws))
    sources = [
        {
            "id": row.id,
            "low": row.target.ends[0],
            "high": row.target.ends[1],
            "inside": None
            if median is None or row.target.ends[0] == row.target.ends[1]
            else row.target.ends[0] <= median <= row.target.ends[1],
        }
        for row in rows
    ]
    low = min((row.target.ends[0] for row in rows), default=None)
    high = max((row.target.ends[1] for row in rows), default=None)
    if median is None:
        verdict = "not predicted"
    elif low is None or high is None:
        verdict = "no eligible row"
    else:
        verdict = "pass" if low <= median <= high else "fail"
    return {
        "predicted_median": median,
        "published_low": low,
        "published_high": high,
        "verdict": verdict,
        "sources": sources,
    }


# ---------------------------------------------------------------- what has to be there


def not_covered(rules: Rules, table_name: str, forecasts: Forecasts) -> list[str]:
    """What an eligible row could be set beside and these forecasts do not hold, in words."""
    table = rules.table(table_name)
    if table.rule == OF_LOCK_V1:
        where = (table.fixed or {})["quantity"]
        grade = ForecastQuantity(where["drug"], where["regimen"], int(where["dose"]), GRADE)
        wanted = [*_always_compared(table), grade]
        return [quantity.key for quantity in wanted if quantity.key not in forecasts]
    missing = []
    for regimen in table.regimens:
        for analyte in rules.common["analytes"]:
            base = ForecastQuantity(regimen.drug, regimen.name, 1, analyte)
            missing += _not_covered(table, regimen, base, forecasts)
    return missing


def _not_covered(
    table: TableRules, regimen: PredictedRegimen, base: ForecastQuantity, forecasts: Forecasts
) -> list[str]:
    where = f"{base.drug}/{base.regimen}/{base.analyte}"
    amounts: list[float | None] = [None]
    if regimen.grid:
        known = forecasts.amounts(base)
        if not known or known[0] > regimen.amounts[0] or known[-1] < regimen.amounts[-1]:
            return [
                f"{where} from {regimen.amounts[0]:g} to {regimen.amounts[-1]:g} {regimen.unit}"
            ]
        amounts = list(known)
    missing = []
    for amount in amounts:
        own = ForecastQuantity(base.drug, base.regimen, 1, base.analyte, amount=amount)
        for dose, start in enumerate(regimen.times_h, start=1):
            peak = ForecastQuantity(base.drug, base.regimen, dose, base.analyte, amount=amount)
            if table.peaks and start < regimen.until_h and peak.key not in forecasts:
                missing.append(peak.key)
        times = forecasts.times(own)
        ends = bool(times) and times[0] <= 0 and times[-1] >= regimen.until_h
        gaps = [late - early for early, late in zip(times, times[1:], strict=False)]
        if not ends or max(gaps, default=0.0) > table.largest_gap_h:
            course = own.key.removesuffix(f"/{PEAK}")
            missing.append(
                f"{course} from 0 to {regimen.until_h:g} h in steps of {table.largest_gap_h:g} h"
            )
    return missing
