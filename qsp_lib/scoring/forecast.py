"""A prediction as scoring takes it: draws of log10 levels by quantity, however they were made.

On file a set of them is one table (CSV): a column ``draw`` that counts from 0, then one column a
quantity, headed by its key. Draw i is one parameter set throughout, so that a level between two
predicted times or doses is interpolated draw by draw.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..common import InputError

Array = NDArray[np.float64]
GRADE = "grade"
"""An analyte of its own: the illustrative grade, whose draws are 0 to 4 and no levels."""
ANALYTES = ("TNF", "IFN", "IL6", GRADE)
PEAK = "peak"
QUANTILES = (5, 25, 50, 75, 95)
"""Percentiles that are committed beside the draws."""
DECIMALS = 5
_NAME = r"[a-z0-9_]+"
_NUMBER = r"\d+(?:\.\d+)?"
_KEY = re.compile(
    rf"(?P<drug>{_NAME})/(?P<regimen>{_NAME})(?:@(?P<amount>{_NUMBER}))?/(?P<dose>[1-9]\d*)/"
    rf"(?P<analyte>{'|'.join(ANALYTES)})/(?:{PEAK}|(?P<time>{_NUMBER})h)"
)


@dataclass(frozen=True)
class ForecastQuantity:
    """What a number is of.

    Attributes:
        drug, regimen: names; a regimen that is one dose of any amount has its amount beside it.
        dose: which dose of the regimen, from 1.
        analyte: one of `ANALYTES`.
        time_h: hours from that dose; None for the peak between that dose and the next.
        amount: of the dose, in the regimen's own unit, where a regimen is predicted at several.
    """

    drug: str
    regimen: str
    dose: int
    analyte: str
    time_h: float | None = None
    amount: float | None = None

    @property
    def key(self) -> str:
        """As the header of a column, such as ``okt3/clinical/1/IL6/peak``."""
        when = PEAK if self.time_h is None else f"{self.time_h:g}h"
        amount = "" if self.amount is None else f"@{self.amount:g}"
        return f"{self.drug}/{self.regimen}{amount}/{self.dose}/{self.analyte}/{when}"

    @classmethod
    def parse(cls, key: str) -> ForecastQuantity:
        """The quantity of a key.

        >>> ForecastQuantity.parse("mosunetuzumab/single@0.4/1/IL6/12h").time_h
        12.0

        Raises:
            InputError: it is none.
        """
        match = _KEY.fullmatch(key)
        if match is None:
            raise InputError(
                f"{key!r} names no quantity; expected drug/regimen/dose/analyte/peak or .../12h, "
                f"the analyte one of {', '.join(ANALYTES)}."
            )
        time, amount = match["time"], match["amount"]
        return cls(
            match["drug"],
            match["regimen"],
            int(match["dose"]),
            match["analyte"],
            None if time is None else float(time),
            None if amount is None else float(amount),
        )


@dataclass(frozen=True)
class Forecast:
    """Draws of one quantity.

    Attributes:
        quantity: what they are of.
        draws: log10 level (pg/mL, healthy level included) or grade, ``(N,)``, read-only.

    Raises:
        InputError: no draws, or one that is not finite; a grade that is none.
    """

    quantity: ForecastQuantity
    draws: Array

    def __post_init__(self) -> None:
        draws = np.array(self.draws, dtype=float)
        if draws.ndim != 1 or not draws.size or not np.isfinite(draws).all():
            raise InputError(
                f"{self.quantity.key}: draws of shape {draws.shape}; expected (N,) finite numbers."
            )
        if self.quantity.analyte == GRADE and not np.isin(draws, range(5)).all():
            raise InputError(f"{self.quantity.key}: expected grades of 0 to 4.")
        draws.flags.writeable = False
        object.__setattr__(self, "draws", draws)


class Forecasts(Mapping[str, Forecast]):
    """A set of forecasts by key, all of the same draws.

    Raises:
        InputError: none, or of another number of draws than the first.
    """

    def __init__(self, forecasts: Sequence[Forecast]) -> None:
        if not forecasts:
            raise InputError("no forecast was given; expected one or more.")
        self.n_draws = forecasts[0].draws.size
        strange = [f.quantity.key for f in forecasts if f.draws.size != self.n_draws]
        if strange:
            raise InputError(f"{strange[0]} has another number of draws than {self.n_draws}.")
        self._by_key = MappingProxyType({f.quantity.key: f for f in forecasts})
        if len(self._by_key) < len(forecasts):
            raise InputError("a quantity is forecast twice; expected once.")

    @classmethod
    def of(cls, draws: Mapping[ForecastQuantity, ArrayLike]) -> Forecasts:
        """From draws ``(N,)`` by quantity."""
        return cls([Forecast(q, np.asarray(values, dtype=float)) for q, values in draws.items()])

    def __getitem__(self, key: str) -> Forecast:
        return self._by_key[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_key)

    def __len__(self) -> int:
        return len(self._by_key)

    def times(self, quantity: ForecastQuantity) -> list[float]:
        """Times (h from the same dose) at which the course of a quantity is forecast."""
        found = (f.quantity for f in self._by_key.values())
        return sorted(
            other.time_h
            for other in found
            if other.time_h is not None and other == replace(quantity, time_h=other.time_h)
        )

    def amounts(self, quantity: ForecastQuantity) -> list[float]:
        """Amounts for which a quantity is forecast at any time."""
        found = (f.quantity for f in self._by_key.values())
        wanted = replace(quantity, time_h=None, amount=None)
        return sorted(
            {
                other.amount
                for other in found
                if other.amount is not None and replace(other, time_h=None, amount=None) == wanted
            }
        )

    def at(self, quantity: ForecastQuantity) -> Array | None:
        """Draws ``(N,)`` of a quantity; None if it is outside of what is forecast.

        Between forecast times the logarithm of the level is a straight line in time, between
        forecast amounts one in the logarithm of the amount; nothing is extrapolated.
        """
        if quantity.key in self:
            return self[quantity.key].draws
        if quantity.amount is not None and quantity.amount not in (
            amounts := self.amounts(quantity)
        ):
            ends = _neighbours(quantity.amount, amounts)
            parts = [self.at(replace(quantity, amount=amount)) for amount in ends]
            return _between(math.log(quantity.amount), [math.log(a) for a in ends], parts)
        if quantity.time_h is not None:
            ends = _neighbours(quantity.time_h, self.times(quantity))
            parts = [self.at(replace(quantity, time_h=time)) for time in ends]
            return _between(quantity.time_h, ends, parts)
        return None


def _neighbours(wanted: float, known: Sequence[float]) -> list[float]:
    """The known values on both sides of one; empty if there is one side only."""
    lower = [value for value in known if value < wanted]
    upper = [value for value in known if value > wanted]
    return [max(lower), min(upper)] if lower and upper else []


def _between(wanted: float, ends: Sequence[float], draws: Sequence[Array | None]) -> Array | None:
    """On the straight line between draws at two ends; None without both."""
    if len(draws) != 2 or draws[0] is None or draws[1] is None:
        return None
    share = (wanted - ends[0]) / (ends[1] - ends[0])
    return (1 - share) * draws[0] + share * draws[1]


def forecasts_text(forecasts: Forecasts) -> str:
    """A set of forecasts as it is kept: CSV, fixed decimals."""
    columns = list(forecasts.values())
    # adding 0 makes a negative zero a zero
    rows = np.column_stack([f.draws for f in columns]).round(DECIMALS) + 0.0
    lines = [",".join(["draw", *(f.quantity.key for f in columns)])]
    lines += [
        ",".join([str(i), *(f"{value:.{DECIMALS}f}" for value in row)])
        for i, row in enumerate(rows)
    ]
    return "\n".join(lines) + "\n"


def read_forecasts(name: str, text: str) -> Forecasts:
    """A set of forecasts from its text; `name` is of its file, for the messages.

    Raises:
        InputError: a header that is not ``draw`` and keys, draws that do not count from 0, a
            row of another length, or a cell that is no finite number.
    """
    try:
        header, *rows = [
            row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row
        ]
    except (csv.Error, ValueError) as problem:
        raise InputError(f"{name} is not readable as CSV ({problem}); restore it.") from None
    if header[0] != "draw" or len(header) < 2:
        raise InputError(f"{name} begins with {header[0]!r}; expected draw and keys of quantities.")
    quantities = [ForecastQuantity.parse(key) for key in header[1:]]
    if any(quantity.key != key for quantity, key in zip(quantities, header[1:], strict=True)):
        raise InputError(f"{name}: a key is not written as it is here, such as 012h; restore it.")
    for number, row in enumerate(rows):
        if len(row) != len(header) or row[0] != str(number):
            raise InputError(
                f"{name}, draw {number}: {len(row)} cells that begin with {row[0]!r}; expected "
                f"{len(header)} and draw {number}."
            )
    try:
        values = np.array([row[1:] for row in rows], dtype=float)
    except ValueError as problem:
        raise InputError(f"{name} holds what is no number ({problem}); restore it.") from None
    if not rows:
        raise InputError(f"{name} holds no draw; restore it.")
    return Forecasts(
        [Forecast(quantity, column) for quantity, column in zip(quantities, values.T, strict=True)]
    )


def quantiles(forecasts: Forecasts) -> dict[str, dict[str, float]]:
    """Percentiles of each forecast by key: what is committed beside the draws."""
    return {
        key: {
            str(p): float(value)
            for p, value in zip(QUANTILES, np.percentile(f.draws, QUANTILES), strict=True)
        }
        for key, f in forecasts.items()
    }
