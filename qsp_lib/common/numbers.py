"""Numbers for a reader, and numbers kept to so many digits: the one way to round them.

Two machines may compute one value with different last bits. Where it lies in the middle between
two shorter numbers, as 0.125 does between 0.12 and 0.13, those bits would decide what is printed.
So a value is first taken to more digits than are shown (12, or 6 more than asked for), which noise
seldom reaches, and then from there, in decimal: of a middle, the even neighbour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

_SURE_DIGITS, _SPARE_DIGITS, _EXACT_DIGITS = 12, 6, 17
_LONGEST = 310  # digits before the point of the largest float, and one to round up to
_THOUSANDS_FROM = 10_000
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
NOT_A_NUMBER = "–"


def number(value: Any, digits: int = 3, *, ascii_only: bool = False) -> str:
    """A value as text: significant digits without closing zeros, whole numbers in full, or words.

    Args:
        value: a number, a truth value, None or a text, Python's own or NumPy's.
        digits: significant digits of a number that is not whole by type.
        ascii_only: for a terminal, which may know no other signs.

    >>> number(4816.2), number(48162.0), number(0.012345), number(3.2e-7), number(7), number(True)
    ('4820', '48,200', '0.0123', '3.2 × 10⁻⁷', '7', 'yes')
    >>> number(3.2e-7, ascii_only=True)
    '3.2e-07'
    """
    value = _pythons(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= _THOUSANDS_FROM and not ascii_only else str(value)
    if isinstance(value, float):
        return _float(value, digits, ascii_only)
    return str(value)


def short(value: Any, digits: int = 3) -> str:
    """A value for a reader at a terminal, as :func:`number` writes it in ASCII.

    >>> short(0.012345), short(1234.5), short(20.0), short(3.2e-7), short(-0.0)
    ('0.0123', '1230', '20', '3.2e-07', '0')
    """
    return number(value, digits, ascii_only=True)


def decimals(value: float, places: int, *, signed: bool = False) -> str:
    """A number to so many decimal places, closing zeros kept; no sign on a zero.

    >>> decimals(2.0, 2), decimals(0.125, 2), decimals(-0.001, 2), decimals(0.5, 1, signed=True)
    ('2.00', '0.12', '0.00', '+0.5')
    """
    value = float(value)
    if not math.isfinite(value):
        return _unbounded(value, ascii_only=False)
    enough = Context(prec=_LONGEST + max(places, 0))
    rounded = _sure(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, enough)
    text = f"{rounded:,f}" if abs(rounded) >= _THOUSANDS_FROM else f"{rounded:f}"
    if not rounded:
        text = text.removeprefix("-")
    return f"+{text}" if signed and rounded > 0 else text


def percent(share: float, places: int = 0) -> str:
    """A share in percent: ``14 %`` for 0.1384; what is no number is a dash."""
    told = decimals(100 * float(share), places)
    return f"{told} %" if math.isfinite(share) else told


def power_of_ten(exponent: int) -> str:
    """``10⁻³`` for -3."""
    return "10" + str(exponent).translate(_SUPERSCRIPTS)


def rounded(value: Any, digits: int) -> Any:
    """Every float in nested mappings, lists and tuples to so many significant digits.

    >>> rounded({"a": [0.1 + 0.2, 1], "b": "text"}, 6)
    {'a': [0.3, 1], 'b': 'text'}
    """
    value = _pythons(value)
    if isinstance(value, float):
        return float(_significant(value, digits)) if math.isfinite(value) else value
    if isinstance(value, Mapping):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item, digits) for item in value]
    return value


def _pythons(value: Any) -> Any:
    """A scalar of NumPy's as Python's own; NumPy itself is not needed to print a number."""
    return value.item() if hasattr(value, "item") and not getattr(value, "ndim", 0) else value


def _float(value: float, digits: int, ascii_only: bool) -> str:
    if not math.isfinite(value):
        return _unbounded(value, ascii_only)
    if value == 0:
        return "0"
    short = _significant(value, digits)
    exponent = short.adjusted()
    if -4 <= exponent < max(6, digits):
        grouped = "," if abs(short) >= _THOUSANDS_FROM and not ascii_only else ""
        text = f"{short:{grouped}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa = f"{short.scaleb(-exponent):f}"
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    if ascii_only:
        return f"{mantissa}e{exponent:+03d}"
    return f"{mantissa} × {power_of_ten(exponent)}"


def _unbounded(value: float, ascii_only: bool) -> str:
    if math.isnan(value):
        return "-" if ascii_only else NOT_A_NUMBER
    return f"{value:g}"


def _sure(value: float) -> Decimal:
    return Decimal(f"{value:.{_SURE_DIGITS - 1}e}")


def _significant(value: float, digits: int) -> Decimal:
    sure_digits = min(max(_SURE_DIGITS, digits + _SPARE_DIGITS), _EXACT_DIGITS)
    sure = Decimal(f"{value:.{sure_digits - 1}e}")
    return Decimal(f"{sure:.{digits - 1}e}")
