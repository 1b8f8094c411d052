"""One row of an evidence table: its columns, what its ranges mean, and what makes it valid."""

from __future__ import annotations

import math
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from ..common import EvidenceError, InputError
from .units import check_unit

COLUMNS = (
    "id",
    "drug",
    "population",
    "dose",
    "route",
    "schedule",
    "analyte",
    "statistic",
    "value",
    "value_text",
    "low",
    "high",
    "range_kind",
    "unit",
    "time_h",
    "n",
    "source",
    "doi",
    "pmid",
    "verified",
    "confidence",
    "note",
)
"""The columns of an evidence table, in the order in which the files write them."""

DECLARED = "declared assumption"
"""The words that stand where no published number does."""

USES = ("data", "weak data", "prior", DECLARED, "check")
"""What a row may be used for; ``check`` is a pass/fail target."""

USES_OF_UNVERIFIED = ("weak data", "prior", DECLARED)

RANGE_KINDS: dict[str, Literal["spread", "ends", "limit", "other"]] = {
    "observed range": "spread",
    "IQR": "spread",
    "95% CI": "spread",
    "95% CI or RSE bounds": "spread",
    "SEM bounds": "spread",
    "+/- as printed": "spread",
    "+/- SD (as printed)": "spread",
    "from +/- SD": "spread",
    "reference interval": "spread",
    "derived bounds": "spread",
    "+/- SD": "spread",
    "range": "spread",
    "1-3e-7 M": "spread",
    "allowed range": "spread",
    "label range": "spread",
    "plausible range": "spread",
    "observed range (low = below 0.35)": "spread",
    "observed range (low = detection limit)": "spread",
    "range over drugs and terms": "spread",
    "range over the two cytokines": "spread",
    "reference range": "spread",
    "reference range, men": "spread",
    "sampling window": "spread",
    "virtual-population range": "spread",
    "by interval": "ends",
    "by clearance source": "ends",
    "by coefficient reading": "ends",
    "by assumed volume": "ends",
    "ALL to DLBCL": "ends",
    "men to women": "ends",
    "women to men": "ends",
    "baseline to 24 h": "ends",
    "20 to 68 ug": "ends",
    "KD 4 and 2 nM": "ends",
    "overnight culture": "ends",
    "90% back in 12-24 h": "ends",
    "suppressed about 10 d, normal within 15 d": "ends",
    "90% recovery at 15 d; 10 d; 16.5 d": "ends",
    "4 d in man to 6 h in pig": "ends",
    "upper bounds": "ends",
    "upper bound": "limit",
    "lower bound": "limit",
    "observed range (pg/mL)": "other",
}
"""What ``low`` and ``high`` are, in four senses.

``spread``
    A scatter or an uncertainty around the value. The value lies inside; one end may be missing
    (onset "within 1.5 h" has a high end only).
``ends``
    The same quantity under two named conditions (two cell counts, two clearances, two readings
    of a coefficient). The value is one of them or lies between, so it too lies inside; an end
    is missing where that condition gave no number.
``limit``
    A bound without a partner: just ``high`` for an upper bound, just ``low`` for a lower one.
``other``
    The range of what the value was derived from, in the unit that the kind names: it says nothing
    of where the value lies.

In the first three a value outside is refused. A ``range_kind`` not listed here is kept as it is
written and claims nothing about where the value lies.
"""

_DOI = re.compile(r"10\.\d{4,9}/\S+")
_PMID = re.compile(r"[1-9]\d{0,8}")
_ID = re.compile(r"[A-Z]{2}\d{3}")
_RECORDS_AN_ABSENCE = "not found"


class EvidenceRow(BaseModel):
    """One row of an evidence table, every column kept; numbers are floats or None.

    ``value``, ``low`` and ``high`` are in ``unit``; ``time_h`` is in hours; ``n`` counts people
    or, where the statistic says so, points.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    drug: str
    population: str
    dose: str
    route: str
    schedule: str
    analyte: str
    statistic: str
    value: float | None
    value_text: str
    low: float | None
    high: float | None
    range_kind: str
    unit: str
    time_h: float | None
    n: int | None
    source: str
    doi: str
    pmid: str
    verified: Literal["yes", "no"]
    confidence: Literal["high", "medium", "low"]
    note: str

    @property
    def is_verified(self) -> bool:
        """Whether the number was read in its source."""
        return self.verified == "yes"

    @property
    def citation(self) -> str:
        """The source in the words of the table, with the DOI and PMID it may be shown with.

        A DOI that the note calls unverified is left out; nothing is added to a row without one.
        """
        words = self.source.rstrip(".")
        if self.doi and "DOI unverified" not in self.note:
            words += f". doi:{self.doi}"
        if self.pmid:
            words += f". PMID {self.pmid}"
        return words

    def number(self) -> float:
        """The value, for a caller that needs one.

        Raises:
            EvidenceError: If the row holds words or a range only.
        """
        if self.value is None:
            raise EvidenceError(
                f"Evidence row {self.id} was asked for a number but holds "
                f"{self.value_text or 'a range'!r}; use a row with a value, or its low and high."
            )
        return self.value

    @field_validator("value", "low", "high", "time_h", mode="before")
    @classmethod
    def _finite_or_none(cls, text: Any) -> Any:
        if text == "" or text is None:
            return None
        try:
            number = float(text)
        except (TypeError, ValueError):
            raise ValueError("expected a number or nothing") from None
        if not math.isfinite(number):
            raise ValueError("expected a finite number or nothing")
        return number

    @field_validator("time_h")
    @classmethod
    def _time_not_negative(cls, time: float | None) -> float | None:
        if time is not None and time < 0:
            raise ValueError("expected hours from the first dose, zero or more")
        return time

    @field_validator("n", mode="before")
    @classmethod
    def _count_or_none(cls, text: Any) -> Any:
        if text == "" or text is None:
            return None
        if not re.fullmatch(r"[1-9]\d*", str(text)):
            raise ValueError("expected a whole number of people or points, or nothing")
        return int(text)

    @field_validator("id")
    @classmethod
    def _id_shape(cls, text: str) -> str:
        if not _ID.fullmatch(text):
            raise ValueError("expected two capital letters and three digits, such as BO001")
        return text

    @field_validator("unit")
    @classmethod
    def _unit_known(cls, text: str) -> str:
        try:
            return check_unit(text)
        except InputError as problem:
            raise ValueError(str(problem)) from None

    @field_validator("source")
    @classmethod
    def _source_named(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("expected the words of a source")
        return text

    @field_validator("doi")
    @classmethod
    def _doi_shape(cls, text: str) -> str:
        if text and not _DOI.fullmatch(text):
            raise ValueError("expected a DOI such as 10.1038/s41540-020-00145-7, or nothing")
        return text

    @field_validator("pmid")
    @classmethod
    def _pmid_shape(cls, text: str) -> str:
        if text and not _PMID.fullmatch(text):
            raise ValueError("expected a PubMed number such as 32859946, or nothing")
        return text

    @model_validator(mode="after")
    def _says_something(self) -> EvidenceRow:
        empty = self.value is None and self.low is None and self.high is None
        if empty and not self.value_text and self.statistic != _RECORDS_AN_ABSENCE:
            raise ValueError(
                "no value, value_text, low or high was given; expected at least one, or the "
                f"statistic {_RECORDS_AN_ABSENCE!r} on a row that records an absence"
            )
        return self

    @model_validator(mode="after")
    def _range_makes_sense(self) -> EvidenceRow:
        low, high, value = self.low, self.high, self.value
        if low is None and high is None:
            if self.range_kind:
                raise ValueError(
                    f"range_kind {self.range_kind!r} was given without low or high; "
                    "expected one of them, or no range_kind"
                )
            return self
        if not self.range_kind:
            raise ValueError(
                f"low {low} and high {high} were given without range_kind; "
                "expected words for what they are"
            )
        if low is not None and high is not None and low > high:
            raise ValueError(f"low {low:g} is above high {high:g}; expected low <= high")
        sense = RANGE_KINDS.get(self.range_kind)
        if sense is None or sense == "other":
            return self
        if sense == "limit":
            wanted = "high" if self.range_kind == "upper bound" else "low"
            if (high if wanted == "high" else low) is None or None not in (low, high):
                raise ValueError(f"range_kind {self.range_kind!r} expects {wanted} and no other")
        below = low is not None and value is not None and value < low
        above = high is not None and value is not None and value > high
        if below or above:
            raise ValueError(
                f"value {value:g} lies outside low {low} and high {high}; a range of kind "
                f"{self.range_kind!r} is expected to hold it"
            )
        return self
