"""What both locks predicted of OKT3 before any table was opened, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from qsp_lib.analyses import committed_incidences
from qsp_lib.chapters import ShareOfDraws
from qsp_lib.common import decimals, number, percent
from qsp_lib.figures import CYTOKINE_LABELS
from qsp_lib.protocol import (
    CHECKS,
    Record,
    committed_prediction,
    lock_path,
    read_record,
)

from .fragments import BookData, fragment, table

VERSIONS = ("v1", "v2")
DEFINITIONS = {
    "index": "peak effective signal (the claim's own)",
    "area": "72-h area of the effective signal",
    "mean_fold": "mean log fold-rise of three cytokines",
    "davila": "75-fold / 250-fold rule",
}


@cache
def _record(version: str) -> Record:
    return read_record(lock_path(version), against_code=False)


@cache
def _predicted(version: str) -> dict[str, Any]:
    return committed_prediction(_record(version))


def _interval(quantiles: Mapping[str, float]) -> str:
    median, low, high = (number(float(quantiles[key])) for key in ("median", "low", "high"))
    return f"{median} ({low} to {high})"


@fragment("made_okt3")
def okt3(_book: BookData) -> str:
    """OKT3's peaks, severity and order by both locks."""
    both = [_predicted(version) for version in VERSIONS]
    arms = [made["arms"]["okt3"] for made in both]
    rows = [
        [f"{label} peak (pg/mL)", *(_interval(arm[name]["peak"]) for arm in arms)]
        for name, label in CYTOKINE_LABELS.items()
    ]
    rows += [
        [f"{label} peak at (h)", *(_interval(arm[name]["time"]) for arm in arms)]
        for name, label in CYTOKINE_LABELS.items()
    ]
    rows.append(["severity index", *(_interval(arm["severity"]["index"]) for arm in arms)])
    for key, label in DEFINITIONS.items():
        shares = [
            ShareOfDraws(made["ordering"][f"blinatumomab/{key}"]["share_expected"], made["draws"])
            for made in both
        ]
        rows.append(
            [
                f"expected order by {label}, share of draws",
                percent(shares[0].value),
                f"{percent(shares[1].value)}: {shares[1].words}",
            ]
        )
    return table(("", "lock v1, Laplace draws", "lock v2, kept sample"), rows)


@fragment("made_checks")
def checks(_book: BookData) -> str:
    """The eight checks by both locks."""
    both = [_predicted(version)["checks"] for version in VERSIONS]
    rows = [
        (name, words, *(percent(found[name]["share_holds"]) for found in both))
        for name, words in CHECKS.items()
    ]
    return table(("check", "statement", "lock v1, holds in", "lock v2, holds in"), rows)


@fragment("made_incidences")
def incidences(_book: BookData) -> str:
    """The limit, which draws it is of, and the share of patients above it by drug and dose."""
    return incidences_told(committed_incidences(_record("v2")))


def incidences_told(content: Mapping[str, Any]) -> str:
    """What a file of incidences says, of patients held to the spread without exception."""
    held_to, (limit, *_) = next(iter(content["limit"])), content["limit"].values()
    counts = content["held_to"][held_to]["draws"]
    sizes = content["rule"]["sizes"]
    rows = [
        (
            row["drug"],
            row["premedication"],
            "any" if row["dose"] is None else row["dose"],
            *(percent(row[key]) for key in ("low", "median", "high")),
            decimals(100 * row["monte_carlo"], 0),
        )
        for row in content["incidences"]
        if row["held_to"] == held_to
    ]
    header = ("drug", "arm", "after dose", "5 %", "median", "95 %", "Monte-Carlo error (points)")
    words = (
        f"Of {sizes['n_draws']} draws with {sizes['each']} patients each, {counts['met']} meet the "
        f"published spread of IL-6 under blinatumomab; in {counts['no_solution']} no weights can, "
        f"and {counts['too_few']} would lean on fewer than {number(sizes['least_effective'])} "
        f"effective patients. The limit is an index of {_interval(limit)}."
    )
    return f"{words}\n\n{table(header, rows)}\n\n{content['caveat']}\n"
