"""The draws of the explorer's band, compact: those of the command line, at a few digits.

The page draws nothing. It has the network of each draw once, each drug's own numbers beside it,
and what a reader's drug is drawn with: the standard normals of its own rates, and the rates it may
borrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsp_lib.drugs import load_dexamethasone, load_drug
from qsp_lib.inference import standard_normals
from qsp_lib.model import NETWORK
from qsp_lib.prediction import N_DRAWS, OWN_RATES, STEROID_DRAWN, draws_for, prepare
from qsp_lib.protocol import Record

DIGITS = 4
"""Of a value that was drawn: rounding moves it by at most 0.05 %."""


def draws(record: Record, drugs: Iterable[str], n: int = N_DRAWS) -> dict[str, Any]:
    """What the page needs of ``n`` joint draws, in the order of the record.

    Args:
        drugs: of the record, by name.

    Returns:
        ``n``; ``network``, values of the network; ``drugs``, values by drug; ``normals`` and
        ``steroid``, what a drug of the reader's is drawn with. Each is a list of ``n`` by name.
    """
    drawn = {name: draws_for(prepare(name, record), n).values for name in drugs}
    of_network = next(iter(drawn.values()))
    normals = standard_normals(n, len(OWN_RATES), record.seed + 2)
    return {
        "n": n,
        "network": _short({k: v for k, v in of_network.items() if k in NETWORK}),
        "drugs": {
            name: _short({k: v for k, v in values.items() if k not in NETWORK})
            for name, values in drawn.items()
        },
        "normals": _short(dict(zip(OWN_RATES, normals.T, strict=True))),
        "steroid": _short(_steroid(n, record.seed)),
    }


def lent(record: Record, drugs: Iterable[str], n: int = N_DRAWS) -> dict[str, Any]:
    """Rates that a reader's file may take from a drug: the locked one, and its draws if it has."""
    joint = record.draws(n)
    found: dict[str, Any] = {}
    for name in drugs:
        file = load_drug(name, inputs=record.inputs)
        own = [rate for rate in OWN_RATES if rate in file.priors and rate not in file.same_as]
        if not own:
            continue
        values = joint[name].values if name in joint else {}
        found[name] = {
            rate: {
                "value": float(getattr(record.drug(name), rate)),
                "drawn": _short({rate: values[rate]})[rate] if rate in values else None,
            }
            for rate in own
        }
    return found


def _steroid(n: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """The declared inputs of dexamethasone, as they are drawn beside a drug of one's own."""
    priors = load_dexamethasone().priors
    normals = standard_normals(n, len(priors), seed + 3)
    values = {
        STEROID_DRAWN[name]: priors[name].median * 10.0 ** (priors[name].log10_sd * normals[:, i])
        for i, name in enumerate(sorted(priors))
    }
    return values | {"w_dex": np.minimum(values["w_dex"], 1.0)}


def _short(values: Mapping[str, NDArray[np.float64]]) -> dict[str, list[float]]:
    return {
        name: [float(f"{value:.{DIGITS}g}") for value in drawn] for name, drawn in values.items()
    }
