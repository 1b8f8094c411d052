"""Drug files with something wrong in them are refused in words, and nothing in them is run."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hostile import TOKENS, mutants, refused
from hypothesis import given, settings
from hypothesis import strategies as st

import qsp_lib
from qsp_lib.common.errors import QspError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.evidence.units import convert, parse

DATA = Path(qsp_lib.__file__).parent / "data"
TEXTS = {
    "bispecific": (DATA / "templates" / "bispecific.toml").read_text(encoding="utf-8"),
    "monoclonal": (DATA / "templates" / "monoclonal.toml").read_text(encoding="utf-8"),
    "step": (DATA / "drugs" / "blinatumomab.toml").read_text(encoding="utf-8"),
}


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "seed"), [("bispecific", 1), ("monoclonal", 2), ("step", 3)])
def test_a_spoilt_file_is_read_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, seed: int
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "\n".join(x for x in TEXTS[name].splitlines() if x and not x.startswith("#"))
    path = tmp_path / "own.toml"
    count = 0
    for i, mutant in enumerate(mutants(text, 350, seed)):
        path.write_bytes(mutant.encode("utf-8", "surrogatepass"))
        count += refused(lambda i=i: load_drug(path, class_defaults=i % 2 == 0))
    assert count >= 200, "most of them have to be bad"
    assert [file.name for file in tmp_path.iterdir()] == ["own.toml"], "nothing was run"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    dice, path = random.Random(4), tmp_path / "own.toml"
    for _ in range(150):
        path.write_bytes(dice.randbytes(dice.randrange(1, 400)))
        assert refused(lambda: load_drug(path))


@pytest.mark.parametrize("token", TOKENS)
def test_each_hostile_value_in_each_place(tmp_path: Path, token: str) -> None:
    path, text = tmp_path / "own.toml", TEXTS["monoclonal"]
    for target in (
        '"0.1 mg"',
        '"1 h"',
        "value = 3.5",
        '"ng/mL"',
        'name = "my-drug"',
        "log10_sd = 0.3",
    ):
        key, equals, _ = target.rpartition("= ")
        path.write_bytes(
            text.replace(target, f"{key}{equals}{token}").encode("utf-8", "surrogatepass")
        )
        refused(lambda: load_drug(path))


@given(st.text(max_size=30))
@settings(max_examples=150)
def test_any_text_as_a_quantity_is_read_or_refused(text: str) -> None:
    refused(lambda: parse(text, "ug"))
    refused(lambda: convert(1.0, text, "ng/mL"))


@given(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(["g", "kg/L", "mg", "ug/m^2/day", "1e3", "ng/mL"]),
)
@settings(max_examples=100)
def test_any_number_is_converted_or_refused(value: float, unit: str) -> None:
    refused(lambda: convert(value, unit, "ng/mL"))


def test_a_refusal_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(TEXTS["monoclonal"].replace("[potency]", "[potenzy]"))
    with pytest.raises(QspError, match="Drug file own.toml, potenzy: this key is not known"):
        load_drug(path)
