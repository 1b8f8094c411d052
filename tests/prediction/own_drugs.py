"""Drug files of one's own, made up, with anything in them changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ASSUMED = ["declared assumption"]
Content = dict[str, Any]


def number(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "source": ASSUMED}


def rate(value: float) -> dict[str, Any]:
    return number(value, "1/h") | {"status": "assumed", "log10_sd": 0.3}


def content(mechanism: str = "monoclonal", **sections: Any) -> Content:
    """A whole drug file as nested values; a section that is given replaces that of the file."""
    file: Content = {
        "schema": 1,
        "name": "made-up",
        "label": "Made-up drug",
        "mechanism": mechanism,
        "role": "user",
        "patient": {"weight": number(70, "kg"), "bsa": number(1.88, "m2")},
        "pharmacokinetics": {"V1": number(3.5, "L"), "CL": number(2, "L/d")},
        "potency": {"EC50": number(50, "ng/mL"), "h": number(1, "1")},
        "t_cells": {"k_act": rate(0.2), "k_exh": rate(0.3), "k_rec": rate(0.005)},
        "regimens": {
            "clinical": {
                "label": "as made up",
                "doses": [{"bolus": "1 mg", "time": "0 d"}],
                "source": ASSUMED,
            }
        },
    }
    if mechanism == "bispecific":
        file["potency"]["K_hook"] = number(15_000, "ng/mL")
        file["t_cells"]["k_kill"] = rate(1.0)
    return file | sections


def with_doses(doses: list[dict[str, Any]], file: Content | None = None) -> Content:
    """The file with other doses in its clinical regimen."""
    file = dict(file or content())
    file["regimens"] = {"clinical": file["regimens"]["clinical"] | {"doses": doses}}
    return file


def changed(file: Content, path: str, value: Any) -> Content:
    """A copy with what stands at ``section.name.key`` replaced."""
    copy: Content = json.loads(json.dumps(file))
    *parents, last = path.split(".")
    place: Any = copy
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place[key]
    place[int(last) if isinstance(place, list) else last] = value
    return copy


def written(folder: Path, file: Content, name: str = "own.toml") -> Path:
    """The file as TOML, its tables inline: what JSON writes as ``"a": 1`` is ``a = 1``."""
    path = folder / name
    lines = [f"{key} = {_toml(value)}" for key, value in file.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
