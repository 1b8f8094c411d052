"""Units at the edge: what converts, what is refused, and what the tables' own words mean."""

from __future__ import annotations

import csv
from fractions import Fraction
from importlib.resources import files

import pint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsp_lib.common.errors import InputError
from qsp_lib.evidence import known_units
from qsp_lib.evidence.units import (
    _registry,
    check_unit,
    convert,
    molar_to_mass,
    parse,
    same_kind,
    split,
)


@pytest.mark.parametrize(
    ("text", "to", "expected"),
    [
        ("5 mg", "ug", 5000.0),
        ("4.5 min", "h", 0.075),
        ("28 d", "h", 672.0),
        ("0.3 L/d", "L/h", 0.0125),
        ("7.5 mg/d", "ug/h", 312.5),
        ("2.7 ug/mL", "ng/mL", 2700.0),
        ("60 ug/m^2/day", "ug/m2/h", 2.5),
        ("22300 mL/m2/day", "L/m2/d", 22.3),
        ("0.1 mg/kg", "ug/kg", 100.0),
        ("12 %/d", "1/h", 0.005),
        ("27.5 ng/mL", "pg/mL", 27500.0),
        ("295 ng/L", "pg/mL", 295.0),
        ("1 mg/dL", "mg/L", 10.0),
        ("2e9 M-1", "1/nM", 2.0),
        ("500 cells/uL", "cells/mL", 500000.0),
        ("0.16 events/pt-yr", "events/pt-yr", 0.16),
        ("+3 h after end of infusion", "min", 180.0),
        (".5 fraction", "%", 50.0),
    ],
)
def test_a_quantity_is_converted_to_the_nearest_float(text, to, expected):
    assert parse(text, to) == expected


def test_a_molar_concentration_becomes_a_mass_concentration():
    # 2.54 nM x 148 kDa: 2.54e-9 mol/L x 148,000 g/mol = 375.92e-6 g/L
    assert molar_to_mass(2.54, "nM", 148, "kDa", "ng/mL") == 375.92
    # the two CD28 affinities of TGN1412, 2 and 4 nM
    assert molar_to_mass(2, "nM", 148, "kDa", "ng/mL") == 296.0
    assert molar_to_mass(4, "nM", 148, "kDa", "ng/mL") == 592.0


@pytest.mark.parametrize(
    ("text", "to", "words"),
    [
        ("5", "ug", "a number with a unit"),
        ("mg", "ug", "a number with a unit"),
        ("five mg", "ug", "a number with a unit"),
        ("5 mgg", "ug", "'mgg' is not known"),
        ("5 mg; 6 mg", "ug", "expected a unit"),
        ("5 10^9/L", "1/L", "not known"),
        ("1e999 mg", "ug", "finite"),
        ("5 mg/kg", "ug", "[mass]"),
        ("5 mg/kg", "1", "a pure number"),
        ("5 mg", "ug/h", "[time]^-1"),
        ("5 L", "h", "of the same kind"),
        ("3 grade", "fold", "severity_grade"),
        ("3 patients", "cells", "of the same kind"),
        ("1 pt", "L", "patients"),
        ("38 degC", "K", "different zeros"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(text, to, words):
    with pytest.raises(InputError) as refusal:
        parse(text, to)
    message = str(refusal.value)
    assert words in message
    assert "\n" not in message
    assert message.endswith(".")


@pytest.mark.parametrize("value", ["", "x", float("nan"), float("inf"), True, None, [1]])
def test_only_a_finite_number_has_a_unit(value):
    with pytest.raises(InputError):
        convert(value, "mg", "ug")


def test_body_weight_does_not_cancel_against_a_mass():
    assert not same_kind("mg/kg", "1")
    assert not same_kind("mL/min/kg", "mL/min")
    assert same_kind("mL/min/kg", "L/h/kg")


def test_split_keeps_the_unit_as_written():
    assert split("60 ug/m^2/day") == (60.0, "ug/m^2/day")
    assert split("-0.5 1/h") == (-0.5, "1/h")


def test_every_unit_of_the_evidence_tables_can_be_read():
    folder = files("qsp_lib") / "data" / "evidence"
    units = set()
    for table in folder.iterdir():
        units |= {row["unit"] for row in csv.DictReader(table.read_text().splitlines())}
    assert len(units) > 40
    for unit in units:
        assert check_unit(unit) == unit


PAIRS = st.sampled_from(
    [("mg", "ug"), ("d", "h"), ("L/d", "L/h"), ("ug/mL", "pg/mL"), ("mg/kg", "ug/kg"), ("%", "1")]
)
NUMBERS = st.floats(min_value=1e-9, max_value=1e9)


@settings(deadline=None)
@given(NUMBERS, PAIRS)
def test_there_and_back_is_the_same_number(number, pair):
    there, back = pair
    assert convert(convert(number, there, back), back, there) == pytest.approx(number, rel=1e-15)


@settings(deadline=None)
@given(NUMBERS, NUMBERS, PAIRS)
def test_conversion_keeps_the_order(first, second, pair):
    low, high = sorted((first, second))
    assert convert(low, *pair) <= convert(high, *pair)


@settings(deadline=None)
@given(st.text(max_size=12))
def test_any_text_is_a_unit_or_is_refused(text):
    try:
        check_unit(text)
    except InputError as refusal:
        assert "expected" in str(refusal)


WORDS = """
fg pg ng ug µg μg mcg mg g kg milligram microgram lb cm dm m mm**2 metre s sec min h hr hour hours
d day days week weeks month year yr nL uL mL dL L litre liters cc microliter pmol nmol mol pM nM uM
mM M molar kDa Da percent K
"""


def test_what_units_mean_is_what_pint_itself_says() -> None:
    ours, whole = _registry(), pint.UnitRegistry(non_int_type=Fraction)
    for word in WORDS.split():
        one, other = (registry.Quantity(1, word).to_root_units() for registry in (ours, whole))
        assert dict(one.unit_items()) == dict(other.unit_items()), word
        assert float(one.magnitude) == pytest.approx(float(other.magnitude), rel=1e-9), word


def test_the_kept_table_is_what_pint_makes_of_it_and_holds_every_unit_of_the_evidence() -> None:
    units = known_units.known_units()
    assert known_units.PATH.read_text(encoding="utf-8") == known_units.as_table(sorted(units))


@given(st.sampled_from(sorted(known_units.known_units())), st.sampled_from([*"hgL", "mg/kg", "%"]))
@settings(max_examples=60)
def test_a_kept_unit_converts_as_one_that_is_read(unit: str, other: str) -> None:
    asked = unit, other, f" {unit} ", f"{other} "  # with spaces no text is in the table
    try:
        expected = convert(1.5, asked[2], asked[3])
    except InputError:
        with pytest.raises(InputError):
            convert(1.5, unit, other)
    else:
        assert convert(1.5, unit, other) == expected
