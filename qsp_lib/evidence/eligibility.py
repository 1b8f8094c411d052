"""Which rows of the held-back outcome table a quantitative prediction is set beside.

The rule was fixed before the table was opened. A row is eligible if it is

    verified; a peak or near-peak serum mean, median or reported range in people given a first
    5 mg dose without high-dose steroid an hour or more before,

for TNF, IFN-gamma or IL-6. Each part is read from the columns of the row and nothing else, in
the order of `RULE`; the first part a row fails is its reason. What the columns do not say is
settled against the row, with one exception: a row that does not mention a steroid at all is
taken to be without one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ..common import code_digest
from .row import EvidenceRow
from .units import same_kind

CYTOKINES = {
    "TNF": r"tnf(-?(a|alpha))?",
    "IFN": r"ifn-?(g|gamma)",
    "IL6": r"il-?6",
}
"""The model's three cytokines, as patterns of the whole analyte in lower case."""

_DRUG = r"(orthoclone )?okt-?3|muromonab(-cd3)?"
_QUALIFIERS = r"\b(peak|near-peak|maximum|maximal|max|serum|plasma|blood|level|levels)\b|[(),]"
_PEAK = r"\b(near[- ]?)?peaks?\b|\bmax(imum|imal)?\b|\bcmax\b"
_PEAK_IN_NOTE = r"\bnear[- ]peak\b|\bat (the |its )?peak\b|\bpeak (level|value|concentration)s?\b"
_NOT_A_LEVEL = (
    r"\b(time to|baseline|pre-?dose|before|trough|nadir|threshold|limit|detection|fold|ratio|"
    r"percent|model|simulat\w*|derived|estimated|individual|case|second|later|subsequent|last)\b"
)
_MEAN_OR_MEDIAN = r"\b(mean|median|average)\b"
_NOT_PEOPLE = (
    r"\b(mouse|mice|murine|rats?|monkeys?|macaques?|cynomolgus|chimpanzees?|baboons?|"
    r"in[- ]vitro|ex[- ]vivo|cells?|pbmc|whole blood|cultures?|supernatants?|lines?)\b"
)
_NOT_SERUM = r"\b(plasma|urine|urinary|csf|cerebrospinal|lavage|biopsy|mrna|supernatants?)\b"
_DOSE = r"5(\.0+)? ?mg( ?/ ?(d|day)| daily| i\.?v\.?| bolus| first dose| x ?1)*"
_FIRST = (
    r"\b(first|1st|initial) ?(-| )?(dose|injection|infusion|administration|day)\b|"
    r"\b(dose|injection|day) ?1\b|\bsingle( dose)?\b|\bday 0\b"
)
_LATER = (
    r"\b(second|third|2nd|3rd|subsequent|later|last|repeat(ed)?) "
    r"(dose|injection|infusion|day|course)s?\b|\b(dose|injection|day) ?([2-9]|1\d)\b|"
    r"\bre-?(treatment|exposure)\b"
)
_STEROID = (
    r"(cortico|gluco\w*)?steroids?|(methyl)?-?prednis(ol)?one|prednis(ol)?one|dexamethasone|"
    r"hydrocortisone|solu-?medrol|glucocorticoids?|\bMP\b"
)
_WITHOUT = (
    rf"\b(no|without|free of)( (high-?dose|concomitant|prior|any|or|pre-?treatment))* ({_STEROID})"
    r"|steroid[- ]free"
)
_AGO = (
    r"(?P<number>\d+(\.\d+)?|half an|one|two|three|four|five|six|eight|twelve|an|a)[ -]?"
    r"(?P<unit>min(ute)?s?|h(ou)?rs?|h|d(ay)?s?)\b ?(before|prior|pre|earlier|ahead)"
)
_AT_THE_TIME = (
    r"\b(simultaneous(ly)?|together with|same time|with the (first )?(dose|injection)|"
    r"(just|immediately) before)\b"
)
_AFTER = r"\b(after|following) (the )?(first )?(dose|injection|infusion|okt-?3)\b"
_WORD_NUMBERS = {
    "half an": 0.5,
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "eight": 8,
    "twelve": 12,
}


def judge_eligibility(row: EvidenceRow) -> tuple[bool, str]:
    """Whether a row enters the comparison, and why (or why not).

    A pure function of the row's columns: no other row, no prediction and no clock enters.

    Returns:
        (eligible, reason): the reason is one clause of plain English.
    """
    for part in RULE:
        objection = part(row)
        if objection:
            return False, objection
    return True, f"{cytokine(row)}: verified first-dose peak, {_steroid_words(row)}"


def rule_digest() -> str:
    """Digest (64 hex digits) of the rule as it stands: its patterns and what reads them."""
    return code_digest([Path(__file__)])


def cytokine(row: EvidenceRow) -> str | None:
    """``TNF``, ``IFN`` or ``IL6`` if the row is of one of them alone, else None."""
    name = re.sub(_QUALIFIERS, " ", row.analyte.casefold().replace("γ", "gamma"))
    name = re.sub(r"\s+", " ", name.replace("α", "alpha")).strip()
    for key, pattern in CYTOKINES.items():
        if re.fullmatch(pattern, name):
            return key
    return None


def _verified(row: EvidenceRow) -> str:
    return "" if row.is_verified else "not verified"


def _right_drug(row: EvidenceRow) -> str:
    if re.fullmatch(_DRUG, row.drug.casefold().strip()):
        return ""
    return f"drug is {row.drug or 'not given'}, not OKT3 alone"


def _right_analyte(row: EvidenceRow) -> str:
    if cytokine(row):
        return ""
    return f"analyte is {row.analyte or 'not given'}, not TNF, IFN-gamma or IL-6 alone"


def _a_level(row: EvidenceRow) -> str:
    if not same_kind(row.unit, "pg/mL"):
        return f"unit {row.unit or '(none)'} is not a mass concentration"
    if row.value is None and (row.low is None or row.high is None):
        return "gives neither a value nor a range"
    return ""


def _peak(row: EvidenceRow) -> str:
    statistic = f"{row.statistic} {row.analyte}".casefold()
    found = re.search(_NOT_A_LEVEL, statistic)
    if found:
        return f"statistic says {found[0]!r}"
    if re.search(_PEAK, statistic) or re.search(_PEAK_IN_NOTE, row.note.casefold()):
        return ""
    return "not said to be a peak or near-peak"


def _mean_median_or_range(row: EvidenceRow) -> str:
    statistic = row.statistic.casefold()
    if row.value is not None and re.search(_MEAN_OR_MEDIAN, statistic):
        return "" if row.n is None or row.n > 1 else "one person, so no mean or median"
    if row.low is not None and row.high is not None and row.n != 1:
        return ""
    return "neither a mean, a median nor a range of people"


def _people(row: EvidenceRow) -> str:
    text = f"{row.population}; {row.route}; {row.analyte}; {row.schedule}".casefold()
    found = re.search(_NOT_PEOPLE, text)
    return f"not in people ({found[0]})" if found else ""


def _serum(row: EvidenceRow) -> str:
    text = f"{row.analyte}; {row.statistic}; {row.note}".casefold()
    found = re.search(_NOT_SERUM, text)
    return f"measured in {found[0]}, not serum" if found and "serum" not in text else ""


def _five_milligram(row: EvidenceRow) -> str:
    if re.fullmatch(_DOSE, row.dose.casefold().strip()):
        return ""
    return f"dose is {row.dose or 'not given'}, not 5 mg"


def _first_dose(row: EvidenceRow) -> str:
    text = f"{row.schedule}; {row.dose}; {row.statistic}; {row.analyte}".casefold()
    found = re.search(_LATER, text)
    if found:
        return f"not the first dose ({found[0]})"
    if row.time_h is not None and row.time_h >= 24:
        return f"sampled at {row.time_h:g} h, when a daily dose is no longer the first"
    if re.search(_FIRST, text) or re.search(_FIRST, row.note.casefold()):
        return ""
    return "not said to be after the first dose"


def _no_early_steroid(row: EvidenceRow) -> str:
    for clause in _clauses(row):
        if not re.search(_STEROID, clause, re.IGNORECASE):
            continue
        rest = re.sub(_WITHOUT, "", clause, flags=re.IGNORECASE)
        if not re.search(_STEROID, rest, re.IGNORECASE):
            continue
        hours = _hours_before(rest)
        low_dose = re.search(r"\blow[- ]dose\b", rest) and not re.search(r"\bhigh[- ]dose", rest)
        if low_dose:
            continue
        if hours is not None and hours >= 1:
            return f"steroid {hours:g} h before the dose"
        if hours is None and not re.search(f"{_AT_THE_TIME}|{_AFTER}", rest, re.IGNORECASE):
            return "steroid given, and its dose and time are not clear"
    return ""


def _clauses(row: EvidenceRow) -> list[str]:
    fields = (
        row.drug,
        row.population,
        row.dose,
        row.schedule,
        row.analyte,
        row.statistic,
        row.value_text,
        row.note,
    )
    return [clause for field in fields for clause in re.split(r";|\. ", field)]


def _hours_before(clause: str) -> float | None:
    """The longest time before the dose that the clause names, in hours; None if it names none."""
    found = []
    for match in re.finditer(_AGO, clause, re.IGNORECASE):
        words = match["number"].casefold()
        number = _WORD_NUMBERS.get(words)
        number = float(words) if number is None else number
        scale = {"m": 1 / 60, "h": 1.0, "d": 24.0}[match["unit"][0].casefold()]
        found.append(number * scale)
    return max(found, default=None)


def _steroid_words(row: EvidenceRow) -> str:
    if any(re.search(_STEROID, clause, re.IGNORECASE) for clause in _clauses(row)):
        return "no high-dose steroid an hour or more before"
    return "no steroid mentioned"


RULE: tuple[Callable[[EvidenceRow], str], ...] = (
    _verified,
    _right_drug,
    _right_analyte,
    _a_level,
    _peak,
    _mean_median_or_range,
    _people,
    _serum,
    _five_milligram,
    _first_dose,
    _no_early_steroid,
)
"""The parts of the rule, in order: each returns an objection, or nothing."""
