"""Which rows of a held-back table are scored, and beside which prediction: the rules applied.

A row is scored if it is verified, a concentration, a median of three people or points or more, of
something that was predicted, at a time or dose that its columns make clear. A mean or a range
instead of a median passes or fails. What the columns leave unclear is not eligible. Of two rows of
one source for the same dose and time the one of more people counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from ..evidence import RANGE_KINDS, EvidenceRow, convert, cytokine, judge_eligibility, same_kind
from .doses import (
    amounts_of,
    begins_as,
    doses_of_amount,
    interval_of,
    lists_of,
    named_doses,
)
from .forecast import GRADE, ForecastQuantity
from .rules import OF_LOCK_V1, PredictedRegimen, Rules, TableRules
from .targets import GRADED, PASS_FAIL, SCORED, RowRule, Target, Verdict, study_of


def row_rule(rules: Rules, table: str) -> RowRule:
    """What gives the rows of a table their verdicts."""
    return partial(judge_rows, rules, rules.table(table))


def judge_rows(rules: Rules, table: TableRules, rows: Sequence[EvidenceRow]) -> tuple[Verdict, ...]:
    """Verdicts on the rows of a table, in their order."""
    judge_one = _as_lock_v1 if table.rule == OF_LOCK_V1 else _by_text
    verdicts = [judge_one(rules, table, row) for row in rows]
    return _without_duplicates(rows, verdicts, passes=table.rule == OF_LOCK_V1)


def _without_duplicates(
    rows: Sequence[EvidenceRow], verdicts: Sequence[Verdict], *, passes: bool
) -> tuple[Verdict, ...]:
    """Of scored rows of one study and quantity, keep the one of most people, the first if equal.

    Args:
        passes: whether the others still take part in pass or fail, as they did under lock v1.
    """
    best: dict[tuple[str, ForecastQuantity], int] = {}
    for i, verdict in enumerate(verdicts):
        target = verdict.target
        if target is None or target.use == PASS_FAIL:
            continue
        key = (target.study, target.quantity)
        other = verdicts[best[key]].target if key in best else None
        if other is None or (target.n or 0) > (other.n or 0):
            best[key] = i
    kept = []
    for i, verdict in enumerate(verdicts):
        target = verdict.target
        if target is not None and target.use != PASS_FAIL:
            first = best[target.study, target.quantity]
            if first != i:
                reason = f"same source, dose and time as {rows[first].id}, which counts"
                verdict = Verdict(False, reason)
                if passes and target.use == SCORED:
                    words = f"pass or fail only ({reason})"
                    verdict = Verdict(True, words, replace(target, use=PASS_FAIL))
        kept.append(verdict)
    return tuple(kept)


# ---------------------------------------------------------------- as lock v1 judged


def _as_lock_v1(rules: Rules, table: TableRules, row: EvidenceRow) -> Verdict:
    """A first-dose peak under OKT3, or a published grade."""
    fixed = table.fixed or {}
    where = fixed["quantity"]
    if row.unit == fixed["grade"]["unit"]:
        return _grade(rules, table, row)
    eligible, reason = judge_eligibility(row)
    analyte = cytokine(row)
    if not eligible or analyte is None:
        return Verdict(False, reason)
    quantity = ForecastQuantity(where["drug"], where["regimen"], int(where["dose"]), analyte)
    objection = _not_scored(rules, row)
    if not objection:
        return Verdict(True, f"scored; {reason}", _target(row, quantity, SCORED))
    # pass or fail stays as it was: every row that lock v1's rule admits takes part
    return Verdict(
        True, f"pass or fail only ({objection}); {reason}", _target(row, quantity, PASS_FAIL)
    )


def _grade(rules: Rules, table: TableRules, row: EvidenceRow) -> Verdict:
    fixed = table.fixed or {}
    common = rules.common
    text = f"{row.population}; {row.route}".casefold()
    schedule = f"{row.schedule}; {row.statistic}".casefold()
    highest = len(rules.places) - 1
    objections = (
        (not row.is_verified, "not verified"),
        (
            not re.fullmatch(fixed["drug"], row.drug.casefold().strip()),
            f"drug is {row.drug or 'not given'}",
        ),
        (bool(re.search(common["not_people"], text)), "not in people"),
        (
            not re.fullmatch(fixed["grade"]["dose"], row.dose.casefold().strip()),
            f"dose is {row.dose or 'not given'}, not 5 mg",
        ),
        (
            not re.search(r"\b(first|1st|initial) (dose|injection)|\b(dose|day) 1\b", schedule),
            "not said to be after the first dose",
        ),
        (
            row.value is None or row.value not in range(highest + 1),
            f"gives no one grade from 0 to {highest}",
        ),
    )
    for is_so, words in objections:
        if is_so:
            return Verdict(False, words)
    where = fixed["quantity"]
    quantity = ForecastQuantity(where["drug"], where["regimen"], int(where["dose"]), GRADE)
    target = Target(quantity, GRADED, row.value, None, (), row.n, study_of(row))
    return Verdict(True, "graded; a published grade after the first dose", target)


# ---------------------------------------------------------------- by text


def _by_text(rules: Rules, table: TableRules, row: EvidenceRow) -> Verdict:
    for part in _COMMON:
        objection = part(rules, row)
        if objection:
            return Verdict(False, objection)
    reasons = []
    for regimen in table.regimens:
        found = _place(rules, table, regimen, row)
        if isinstance(found, ForecastQuantity):
            return _verdict(rules, row, found)
        reasons.append(found)
    # the regimens that come nearest say what is missing
    nearest = max(how_far for how_far, _ in reasons)
    words = dict.fromkeys(words for how_far, words in reasons if how_far == nearest)
    return Verdict(False, "; ".join(words))


def _verdict(rules: Rules, row: EvidenceRow, quantity: ForecastQuantity) -> Verdict:
    words = f"beside {quantity.key}"
    objection = _not_scored(rules, row)
    use = PASS_FAIL if objection else SCORED
    told = f"pass or fail only ({objection})" if objection else "scored"
    target = _target(row, quantity, use, limit=_limit(rules, row))
    return Verdict(True, f"{told}; {words}", target)


def _target(
    row: EvidenceRow, quantity: ForecastQuantity, use: str, limit: float | None = None
) -> Target:
    value = None if row.value is None else convert(row.value, row.unit, "pg/mL")
    is_bound = RANGE_KINDS.get(row.range_kind) == "limit"
    given = (row.value,) if is_bound else (row.value, row.low, row.high)
    levels = [
        convert(level, row.unit, "pg/mL") for level in given if level is not None and limit is None
    ]
    ends = (min(levels), max(levels)) if levels else ()
    return Target(
        quantity, use, value if limit is None else None, limit, ends, row.n, study_of(row)
    )


def _not_scored(rules: Rules, row: EvidenceRow) -> str:
    """Why a row is not scored but passes or fails; empty if it is scored."""
    statistic = row.statistic.casefold()
    if not re.search(rules.common["median"], statistic):
        return "not a median"
    if re.search(rules.common["mean"], statistic):
        return "a mean and a median in one"
    if row.value is None and _limit(rules, row) is None:
        return "a range without its median"
    if row.value is not None and row.value <= 0 and _limit(rules, row) is None:
        return "not a positive level"
    if row.n is None or row.n < rules.common["least_n"]:
        return f"n is {row.n or 'not given'}; {rules.common['least_n']} or more are scored"
    return ""


def _limit(rules: Rules, row: EvidenceRow) -> float | None:
    """The limit (pg/mL) that the level of a row was below; None if it was measured."""
    if not same_kind(row.unit, rules.common["unit"]):
        return None
    if row.value is None and row.range_kind == "upper bound" and row.high is not None:
        return convert(row.high, row.unit, rules.common["unit"])
    match = re.match(rules.common["below"], row.value_text.casefold().strip())
    return None if match is None else convert(match["limit"], row.unit, rules.common["unit"])


def _verified(rules: Rules, row: EvidenceRow) -> str:
    return "" if row.is_verified else "not verified"


def _analyte(rules: Rules, row: EvidenceRow) -> str:
    if _analyte_of(rules, row) is None:
        return f"analyte is {row.analyte or 'not given'}, not IL-6 alone"
    return ""


def _a_level(rules: Rules, row: EvidenceRow) -> str:
    if not same_kind(row.unit, rules.common["unit"]):
        return f"unit {row.unit or '(none)'} is not a mass concentration"
    has_range = row.low is not None and row.high is not None
    if row.value is None and not has_range and _limit(rules, row) is None:
        return "gives neither a value, a range nor a limit"
    if (limit := _limit(rules, row)) is not None and limit <= 0:
        return "below a limit that is not positive"
    found = re.search(rules.common["not_a_level"], f"{row.statistic} {row.analyte}".casefold())
    return f"statistic says {found[0]!r}" if found else ""


def _of_people(rules: Rules, row: EvidenceRow) -> str:
    text = f"{row.population}; {row.route}; {row.analyte}; {row.schedule}".casefold()
    found = re.search(rules.common["not_people"], text)
    if found:
        return f"not in people ({found[0]})"
    text = f"{row.analyte}; {row.statistic}; {row.note}".casefold()
    found = re.search(rules.common["not_blood"], text)
    return f"measured in {found[0]}" if found and "serum" not in text else ""


def _a_statistic(rules: Rules, row: EvidenceRow) -> str:
    """A median, a mean, or a range of people."""
    statistic = row.statistic.casefold()
    named = any(re.search(rules.common[name], statistic) for name in ("median", "mean"))
    if not named and (row.low is None or row.high is None):
        return "neither a median, a mean nor a range"
    if row.n is None or row.n < rules.common["least_n"]:
        return f"n is {row.n or 'not given'}; listed, not scored: {rules.common['least_n']} or more"
    return ""


_COMMON: tuple[Callable[[Rules, EvidenceRow], str], ...] = (
    _verified,
    _analyte,
    _a_level,
    _of_people,
    _a_statistic,
)


def _analyte_of(rules: Rules, row: EvidenceRow) -> str | None:
    name = re.sub(rules.common["qualifiers"], " ", row.analyte.casefold())
    name = re.sub(r"\s+", " ", name).strip()
    for key, pattern in rules.common["analytes"].items():
        if re.fullmatch(pattern, name):
            return key
    return None


def _place(
    rules: Rules, table: TableRules, regimen: PredictedRegimen, row: EvidenceRow
) -> ForecastQuantity | tuple[int, str]:
    """Which predicted quantity a row is of; else how far it came, and what is not clear."""
    drug, route = row.drug.casefold().strip(), row.route.casefold().strip()
    if not re.fullmatch(regimen.names, drug):
        return 0, f"drug is {row.drug or 'not given'}, of which nothing was predicted"
    if not re.fullmatch(regimen.route, route):
        return 1, f"route is {row.route or 'not given'}, which was not predicted"
    text = f"{row.dose}; {row.schedule}".casefold()
    if regimen.not_said and (found := re.search(regimen.not_said, text)):
        return 2, f"dose or schedule says {found[0]!r}"
    is_peak = bool(re.search(rules.common["peak"], f"{row.statistic} {row.analyte}".casefold()))
    if is_peak and not table.peaks:
        return 2, "a peak; rows with a time are compared"
    if not is_peak and row.time_h is None:
        return 2, "neither a peak nor a level at a time"
    analyte = _analyte_of(rules, row) or ""
    base = ForecastQuantity(regimen.drug, regimen.name, 1, analyte)
    find = _on_grid if regimen.grid else _in_regimen
    return find(regimen, row, base, is_peak)


def _on_grid(
    regimen: PredictedRegimen, row: EvidenceRow, base: ForecastQuantity, is_peak: bool
) -> ForecastQuantity | tuple[int, str]:
    """A single or first dose of any amount between two ends."""
    amounts = amounts_of(row.dose, regimen.unit)
    if amounts is None or len(amounts) != 1:
        return 2, f"dose {row.dose!r} is not one amount"
    if not regimen.amounts[0] <= amounts[0] <= regimen.amounts[-1]:
        return 3, f"dose {row.dose} is outside of what was predicted"
    if not re.search(regimen.said, row.schedule.casefold()):
        return 3, "not said to be after a single or the first dose"
    if named_doses(row.schedule, regimen) - {1}:
        return 3, f"schedule {row.schedule!r} names another dose than the first"
    time = None if is_peak else row.time_h
    if time is not None and time > regimen.until_h:
        return 4, f"{time:g} h is after the {regimen.until_h:g} h predicted"
    return replace(base, time_h=time, amount=amounts[0])


def _in_regimen(
    regimen: PredictedRegimen, row: EvidenceRow, base: ForecastQuantity, is_peak: bool
) -> ForecastQuantity | tuple[int, str]:
    """A dose of a regimen, or a time in it."""
    lists = lists_of(row.schedule, regimen.unit)
    amounts = amounts_of(row.dose, regimen.unit) if row.dose.strip() else ()
    if amounts is None:
        return 2, f"dose {row.dose!r} is not understood"
    lists += [amounts] if len(amounts) > 1 else []
    if any(not begins_as(given, regimen) for given in lists):
        return 3, f"dose {row.dose!r} or schedule is not how the predicted regimen begins"
    of_amount = doses_of_amount(amounts[0], regimen) if len(amounts) == 1 else None
    if of_amount == ():
        return 3, f"dose {row.dose} is none of the predicted regimen"
    said = bool(lists) or not regimen.said or re.search(regimen.said, row.schedule.casefold())
    if not said or (not lists and of_amount is None):
        return 3, "not said to be of the predicted regimen"
    named = named_doses(row.schedule, regimen)
    if len(named) > 1 or 0 in named:
        return 4, f"schedule {row.schedule!r} does not name one dose of the regimen"
    dose = next(iter(named), None)
    if dose is not None and of_amount is not None and dose not in of_amount:
        return 4, f"schedule {row.schedule!r} names dose {dose}, which is not of {row.dose}"
    if is_peak:
        if dose is None and of_amount is not None and len(of_amount) == 1:
            dose = of_amount[0]
        if dose is None:
            return 4, "a peak, and it is not clear after which dose"
        if regimen.times_h[dose - 1] >= regimen.until_h:
            return 4, f"dose {dose} is after the {regimen.until_h:g} h predicted"
        return replace(base, dose=dose)
    assert row.time_h is not None  # _place refuses it
    start = 0.0 if dose is None else regimen.times_h[dose - 1]
    time = start + row.time_h
    if time > regimen.until_h:
        return 4, f"{time:g} h is after the {regimen.until_h:g} h predicted"
    if dose is None and of_amount is not None and not _within(time, of_amount, regimen):
        return 4, (
            f"{row.time_h:g} h from the first dose is not in a stretch of {row.dose}, so it is not "
            "clear from which dose the time counts"
        )
    return replace(base, time_h=time)


def _within(time: float, doses: Sequence[int], regimen: PredictedRegimen) -> bool:
    return any(low <= time <= high for low, high in (interval_of(dose, regimen) for dose in doses))
