"""A unit that has surely slipped is refused, with the number as it was understood."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qsp_lib.common.errors import InputError
from qsp_lib.drugs.concentrations import read_concentrations
from qsp_lib.drugs.plausible import PLAUSIBLE
from qsp_lib.drugs.reading import load_drug
from qsp_lib.drugs.shape import DrugShape
from qsp_lib.prediction.templates import template

BISPECIFIC = template("bispecific")


def load(folder: Path, key: str, value: float, unit: str) -> None:
    """The template with one number of its own."""
    status = ', status = "fixed"' if key.startswith("k_") else ""
    said = f'{{ value = {value}, unit = "{unit}"{status}, source = ["declared assumption"] }}'
    text, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {said}", BISPECIFIC)
    assert count == 1
    (folder / "own.toml").write_text(text, encoding="utf-8")
    load_drug(folder / "own.toml")


@pytest.mark.parametrize(
    ("key", "value", "right", "slips"),
    [
        ("EC50", 20, "ng/mL", ("mg/mL", "fg/L")),
        ("K_hook", 15, "ug/mL", ("ng/mL", "pg/mL", "kg/mL")),
        ("V1", 4.13, "L", ("mL", "m3", "nL/kg")),
        ("CL", 449, "mL/d", ("m3/h", "L/s")),
        ("k_act", 0.3, "1/h", ("1/s",)),
        ("k_exh", 2, "1/h", ("1/min",)),
        ("bsa", 1.88, "m2", ("cm2",)),
    ],
)
def test_a_number_in_a_unit_that_slipped_is_refused(
    tmp_path: Path, key: str, value: float, right: str, slips: tuple[str, ...]
) -> None:
    load(tmp_path, key, value, right)
    for slip in slips:
        with pytest.raises(InputError, match=rf"own.toml, .*\b{key}: understood as .*unit"):
            load(tmp_path, key, value, slip)


def test_a_table_of_concentrations_in_grams_per_millilitre_is_refused() -> None:
    for unit, fails in (("ug/mL", False), ("g/mL", True)):
        text = f"time (h),concentration ({unit})\n0,0.1\n1,30\n"
        if not fails:
            read_concentrations("levels.csv", text, interpolation="linear", ends=0.0)
            continue
        with pytest.raises(InputError, match=r"line 2, .*understood as 1e\+08 ng/mL; expected at"):
            read_concentrations("levels.csv", text, interpolation="linear", ends=0.0)


def test_every_place_with_a_range_is_one_of_the_drug_file() -> None:
    shape = DrugShape.model_json_schema()
    for place in PLAUSIBLE:
        node = shape
        for part in place.split("."):
            ref = node.get("$ref", "").rpartition("/")[2]
            node = (shape["$defs"][ref] if ref else node)["properties"][part]
        assert node


@pytest.mark.parametrize(
    ("slip", "meant"), [("EC_50", "EC50"), ("k_hook", "K_hook"), ("Cl", "CL"), ("zzz", "")]
)
def test_a_key_that_is_nearly_one_is_named(tmp_path: Path, slip: str, meant: str) -> None:
    key = meant or "EC50"
    text = re.sub(rf"(?m)^{key} = ", f"{slip} = ", BISPECIFIC)
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    words = f"this key is not known; did you mean {meant}\\?" if meant else "known; expected only"
    with pytest.raises(InputError, match=rf"\.{slip}: .*{words}" if meant else words):
        load_drug(tmp_path / "own.toml")
