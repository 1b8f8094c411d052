"""Where the joint fit misses what it was fitted to, beside what it was held to."""

from __future__ import annotations

from qsp_lib.common import InputError, number
from qsp_lib.evidence import Observation, load_observations

from .fragments import BookData, fragment

DRUG = "blinatumomab"
FITTED = "02_locking"
_PEAKS = (("TNF", "TNF"), ("IFN", "IFN-γ"))
_LATE_H = 168.0


def observed(analyte: str, time_h: float | None) -> Observation:
    """The point of blinatumomab that fits are held to; None is the peak.

    Raises:
        InputError: there is not exactly one.
    """
    found = [
        o
        for o in load_observations()
        if o.drug == DRUG and o.analyte == analyte and o.time_h == time_h
    ]
    if len(found) != 1:
        raise InputError(
            f"{len(found)} observations of {DRUG} {analyte} at {time_h} h; expected one."
        )
    return found[0]


@fragment("joint_fit_misses")
def joint_fit_misses(book: BookData) -> str:
    """The peaks without a published number, and the last point of IL-6, in one sentence."""
    try:
        fit = book.results[FITTED]
    except KeyError as missing:
        raise InputError(f"the limits page needs the numbers of {missing}; run it.") from None
    peaks = {key: fit.value(f"off_{DRUG}/{key.lower()}_peak") for key, _ in _PEAKS}
    declared = {key: observed(key, None).value_pg_mL for key, _ in _PEAKS}
    late = observed("IL6", _LATE_H).value_pg_mL
    given = fit.value(f"off_{DRUG}/il6_{number(_LATE_H)}h")
    times = max(late, given) / min(late, given)
    peak_words = " and ".join(
        f"{name} peak at {number(peaks[key])} pg/mL against a declared {number(declared[key])}"
        for key, name in _PEAKS
    )
    return (
        f"The joint fit puts {DRUG}'s {peak_words} (EA033 says only that little rose), and its "
        f"IL-6 at {number(_LATE_H)} h, as the assay would read it, at {number(given)} pg/mL, "
        f"{number(times)} times "
        f"{'below' if given < late else 'above'} the published median "
        f"({observed('IL6', _LATE_H).id}).\n"
    )
