"""Which rows of a table are percentages of patients with the syndrome, and after which dose.

Such rows are not scored with the levels. They are set beside the incidences of virtual patients,
in a table. The patterns are fixed before the table is opened, and a copy is kept in the file of the
incidences.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..evidence import EvidenceRow
from .doses import amounts_of, begins_as, doses_of_amount, lists_of, named_doses
from .rules import PredictedRegimen, Rules, TableRules

PATTERNS: Mapping[str, str] = {
    "unit": r"%|percent|per ?cent",
    "syndrome": r"\bcrs\b|\bcytokine[- ]release\b",
    "not_an_incidence": r"\b(onset|durations?|resol\w*|time|median|mean|recurr\w*|tocilizumab|"
    r"steroids?|discontinu\w*|events? per)\b",
    "higher_grades": r"(>=?|≥|at least) ?(g(rade)? ?)?[1-5]|\b(g|grades?) ?(>=?|≥)? ?[1-5]|"
    r"\bsevere\b",
    "any_grade": r"(g(rade)? ?)?(>=|≥) ?(g(rade)? ?)?1\b|\bany\b|\ball[- ]grades?\b|"
    r"\bgrades? ?1 ?(-|–|to) ?[45]\b",
}
"""Of the unit (whole), and of analyte and statistic together, in lower case."""


@dataclass(frozen=True)
class Percentage:
    """A published share of patients with the syndrome.

    Attributes:
        id: of the row.
        drug: as the rules name it.
        dose: that it is after, from 1; None for any dose of the regimen.
        share: 0 to 1.
        n: patients, as printed; None if none are.
    """

    id: str
    drug: str
    dose: int | None
    share: float
    n: int | None


def percentage_of(rules: Rules, table: TableRules, row: EvidenceRow) -> Percentage | str:
    """What a row says, or in words why it is not compared."""
    text = f"{row.analyte}; {row.statistic}".casefold()
    any_grade = re.search(PATTERNS["any_grade"], text)
    objections = (
        (
            not re.fullmatch(PATTERNS["unit"], row.unit.casefold().strip()),
            f"unit is {row.unit or 'not given'}, not percent",
        ),
        (not re.search(PATTERNS["syndrome"], text), "not of cytokine release"),
        (bool(re.search(PATTERNS["not_an_incidence"], text)), "not a share of patients"),
        (
            bool(not any_grade and re.search(PATTERNS["higher_grades"], text)),
            "of some grades; the limit is set by any grade",
        ),
        (not row.is_verified, "not verified"),
        (row.value is None or not 0 <= row.value <= 100, "gives no one share from 0 to 100"),
        (
            row.n is not None and row.n < rules.common["least_n"],
            f"n is {row.n}; {rules.common['least_n']} or more are compared",
        ),
    )
    for is_so, words in objections:
        if is_so:
            return words
    assert row.value is not None  # refused above
    reasons = []
    for regimen in (given for given in table.regimens if not given.grid):
        found = _dose(regimen, row)
        if not isinstance(found, str):
            dose = found or None
            return Percentage(row.id, regimen.drug, dose, row.value / 100.0, row.n)
        reasons.append(found)
    return "; ".join(dict.fromkeys(reasons))


def _dose(regimen: PredictedRegimen, row: EvidenceRow) -> int | str:
    """Number of the dose that a row is of, 0 for any of them; or why it is not of the regimen."""
    if not re.fullmatch(regimen.names, row.drug.casefold().strip()):
        return f"drug is {row.drug or 'not given'}, of which nothing was predicted"
    if not re.fullmatch(regimen.route, row.route.casefold().strip()):
        return f"route is {row.route or 'not given'}, which was not predicted"
    amounts = amounts_of(row.dose, regimen.unit) if row.dose.strip() else ()
    if amounts is None:
        return f"dose {row.dose!r} is not understood"
    lists = lists_of(row.schedule, regimen.unit)
    lists += [amounts] if len(amounts) > 1 else []
    if any(not begins_as(given, regimen) for given in lists):
        return f"dose {row.dose!r} or schedule is not how the predicted regimen begins"
    named = named_doses(f"{row.schedule}; {row.statistic}", regimen)
    of_amount = doses_of_amount(amounts[0], regimen) if len(amounts) == 1 else ()
    if not lists and not of_amount:
        return "not said to be of the predicted regimen"
    if len(named) > 1 or 0 in named:
        return f"schedule {row.schedule!r} does not name one dose of the regimen"
    dose = next(iter(named), of_amount[0] if len(of_amount) == 1 else 0)
    if of_amount and dose not in of_amount:
        return f"it is not clear after which dose of {row.dose} it is"
    if dose and regimen.times_h[dose - 1] >= regimen.until_h:
        return f"dose {dose} is after the {regimen.until_h:g} h predicted"
    return dose
