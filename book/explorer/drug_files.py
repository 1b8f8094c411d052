"""What the explorer's page knows of drug files: their shape, limits and defaults of their class.

The shape is the one that :mod:`qsp_lib.drugs` checks a file by, written out as JSON Schema, so
that the page and the command line know the same keys. Rules that go beyond one key, and units,
are in ``book/_static/explorer/drug_file.js`` and ``units.js``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qsp_lib.drugs import (
    LARGEST_DOSE_UG,
    LARGEST_FILE,
    MOST_DOSES,
    PLAUSIBLE,
    DrugShape,
    class_table,
    load_drug,
)
from qsp_lib.model import HELD_BACK, MECHANISMS, STEPPED, Regimen, Structure, read_by, value_bounds
from qsp_lib.prediction import LONGEST_H, OWN_RATES
from qsp_lib.protocol import Record

from . import posterior

_WORDS = ("title", "description", "default")


def regimens(record: Record, name: str) -> Mapping[str, Regimen]:
    """The regimens of a drug of the record, by key."""
    return load_drug(name, inputs=record.inputs).regimens


def reading(record: Record) -> dict[str, Any]:
    """All that a drug file is read with in the page."""
    network = record.network
    read = {
        mechanism: read_by(Structure(mechanism, network.feedback, network.t_cells))
        for mechanism in MECHANISMS
    }
    names = [name for name in ("h", "K_B") if any(name in known for known in read.values())]
    drug_values = [*OWN_RATES, "EC50", "K_hook", "h", "K_B"]
    drug_values += ["V1", "CL", "V2", "Q", "k_a", "CL_0", "k_CL", "Vmax", "Km"]
    return {
        "shape": without_words(DrugShape.model_json_schema()),
        "class": class_table(),
        "lent": posterior.lent(record, record.drug_names),
        "read": {m: [name for name in names if name in known] for m, known in read.items()},
        "bounds": {name: list(value_bounds(name)) for name in drug_values},
        "limits": {
            "bytes": LARGEST_FILE,
            "doses": MOST_DOSES,
            "dose_ug": LARGEST_DOSE_UG,
            "horizon_h": LONGEST_H,
        },
        "plausible": {name: list(between) for name, between in PLAUSIBLE.items()},
        "held_back": list(HELD_BACK),
        "stepped": STEPPED,
    }


def without_words(schema: Any) -> Any:
    """A JSON Schema without what is for people; names of properties are kept, whatever they are."""
    if isinstance(schema, list):
        return [without_words(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {}
    for key, value in schema.items():
        if key == "properties":
            found[key] = {name: without_words(each) for name, each in value.items()}
        elif key not in _WORDS:
            found[key] = without_words(value)
    return found
