"""One input of OKT3 at a time: what its range is, what moves, and what stays."""

from __future__ import annotations

import numpy as np
import pytest

from qsp_lib.analyses import declared_ranges
from qsp_lib.analyses.declared_ranges import Range
from qsp_lib.common.errors import InputError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.model import severity
from qsp_lib.protocol.lock import Record, current_record, lock_path, read_record

MOVED = {
    "v1": (["k_act", "k_exh", "k_rec"], ["V1", "EC50"]),
    "v2": (["V1", "half_life", "k_act", "k_exh", "EC50"], []),
}
"""What has a range in each version: what is drawn, and what is not."""


@pytest.fixture(scope="module")
def first() -> Record:
    return read_record(lock_path("v1"), against_code=False)


@pytest.fixture(scope="module", params=["v1", "current"])
def locked(request: pytest.FixtureRequest, first: Record) -> Record:
    return first if request.param == "v1" else current_record()


def test_every_input_that_is_drawn_or_has_a_range_is_moved_and_no_other(locked: Record) -> None:
    found = declared_ranges.ranges(locked)
    drawn, others = MOVED[locked.version]
    assert [given.name for given in found] == [*drawn, *others]
    assert [given.name for given in found if given.drawn] == drawn


def test_what_is_drawn_has_the_range_of_its_draws(locked: Record) -> None:
    draws = locked.draws(4000)
    given, theirs = dict(draws["okt3"].values), draws["tgn1412"].values
    if "CL" in given:
        given["half_life"] = np.log(2.0) * given["V1"] / given["CL"]
    if locked.sample is not None:  # the factor alone is OKT3's; the rate is the other drug's
        given["k_act"] = given["k_act"] / theirs["k_act"] * locked.drug("tgn1412").k_act
    for found in declared_ranges.ranges(locked):
        if found.drawn:
            low, high = np.percentile(np.log10(given[found.name]), [5, 95])
            assert np.log10(found.low) == pytest.approx(low, abs=0.03)
            assert np.log10(found.high) == pytest.approx(high, abs=0.03)
    origins = {found.name: found.origin for found in declared_ranges.ranges(locked)}
    assert "TGN1412" in origins["k_act"] and "prior" in origins["k_exh"]


def test_what_is_not_drawn_has_the_range_of_its_file(locked: Record) -> None:
    drawn = set(locked.draws(1)["okt3"].values)
    sources = load_drug("okt3", inputs=locked.inputs).sources
    for found in declared_ranges.ranges(locked):
        if not found.drawn:
            assert found.name not in drawn
            assert (found.low, found.high) == (sources[found.name].low, sources[found.name].high)


def test_a_range_is_in_the_unit_of_the_equations_and_holds_the_value_of_the_file() -> None:
    """A clearance is published in L/d and a half-life in days; both are read in hours."""
    record = current_record()
    found = {given.name: given for given in declared_ranges.ranges(record, "mosunetuzumab")}
    clearance, half_life = found["CL"], found["half_life_CL"]
    assert (clearance.low, clearance.high) == pytest.approx((0.561 / 24, 0.607 / 24))
    assert (half_life.low, half_life.high) == pytest.approx((14 * 24, 18.6 * 24))
    assert (clearance.unit, half_life.unit) == ("L/h", "h")
    for drug in record.drug_names:
        inputs = load_drug(drug, inputs=record.inputs).inputs
        for given in declared_ranges.ranges(record, drug):
            if not given.drawn and hasattr(inputs, given.name):
                assert given.low <= getattr(inputs, given.name) <= given.high


def test_whatever_has_a_range_is_an_input_of_the_equations_and_can_be_moved() -> None:
    record = current_record()
    for drug in record.drug_names:
        base = record.drug(drug)
        for given in declared_ranges.ranges(record, drug):
            for value in (given.low, given.high):
                assert declared_ranges.moved(base, given.name, value) != base.unlocked()
    falling = declared_ranges.moved(record.drug("mosunetuzumab"), "half_life_CL", 240.0)
    assert falling.k_CL == pytest.approx(np.log(2.0) / 240.0)


@pytest.mark.parametrize("ends", [(2.0, 1.0), (0.0, 1.0), (1.0, np.inf), (np.nan, 1.0)])
def test_a_range_is_two_positive_numbers(ends: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="the range of h is .* the lower one first"):
        Range("h", "1", *ends, "made up", drawn=False)


def test_a_volume_takes_clearance_along_and_nothing_else(locked: Record) -> None:
    drug = locked.drug("okt3")
    copy = declared_ranges.moved(drug, "V1", 4.5)
    assert copy.lock is None or copy.lock.unlocked
    assert copy.CL / copy.V1 == pytest.approx(drug.CL / drug.V1, rel=1e-12)
    assert copy.replace(V1=drug.V1, CL=drug.CL) == drug.unlocked()
    assert drug.V1 == 3.5, "the locked inputs do not move"


def test_a_half_life_moves_clearance_and_nothing_else(locked: Record) -> None:
    drug = locked.drug("okt3")
    copy = declared_ranges.moved(drug, "half_life", 36.0)
    assert copy.CL == pytest.approx(drug.CL / 2, rel=1e-12)  # from 18 h
    assert copy.replace(CL=drug.CL) == drug.unlocked()


def test_the_table_has_the_lock_first_and_both_ends_of_each(locked: Record) -> None:
    table = declared_ranges.one_at_a_time(locked)
    names = [given.name for given in declared_ranges.ranges(locked)]
    assert table["input"].tolist() == ["as locked", *(n for name in names for n in (name, name))]
    assert table["index"][0] == pytest.approx(float(severity.index(locked.run("okt3"))), abs=1e-6)
    z = table.set_index("input")["index"]
    assert z["k_exh"].iloc[0] > z["as locked"] > z["k_exh"].iloc[1], "exhaustion makes it milder"
