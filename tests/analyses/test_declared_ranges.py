"""One input of OKT3 at a time: what its range is, what moves, and what stays."""

from __future__ import annotations

import numpy as np
import pytest

from qsp_lib.analyses import declared_ranges
from qsp_lib.common.errors import InputError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.model import severity
from qsp_lib.model.simulation import simulate
from qsp_lib.protocol.lock import Record, current_record


@pytest.fixture(scope="module")
def locked() -> Record:
    return current_record()


def test_what_is_drawn_has_the_range_of_its_draws(locked: Record) -> None:
    ranges = {r.name: r for r in declared_ranges.ranges(locked)}
    drawn = locked.draws(4000)["okt3"].values
    for name in declared_ranges.DRAWN:
        low, high = np.percentile(np.log10(drawn[name]), [5, 95])
        assert np.log10(ranges[name].low) == pytest.approx(low, abs=0.03)
        assert np.log10(ranges[name].high) == pytest.approx(high, abs=0.03)
    assert "TGN1412" in ranges["k_act"].origin and "prior" in ranges["k_exh"].origin


def test_what_is_not_drawn_has_the_range_of_its_file(locked: Record) -> None:
    drawn = set(locked.draws(1)["okt3"].values)
    ranges = {r.name: r for r in declared_ranges.ranges(locked)}
    for name in declared_ranges.NOT_DRAWN:
        given = load_drug("okt3").sources[name]
        assert name not in drawn
        assert (ranges[name].low, ranges[name].high) == (given.low, given.high)


def test_an_input_without_a_range_is_refused(
    locked: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(declared_ranges, "NOT_DRAWN", ("h",))
    with pytest.raises(InputError, match="h of OKT3 has no declared range"):
        list(declared_ranges.ranges(locked))


def test_a_volume_takes_clearance_along_and_nothing_else(locked: Record) -> None:
    drug = locked.drug("okt3")
    copy = declared_ranges.moved(drug, "V1", 4.5)
    assert copy.lock is None or copy.lock.unlocked
    assert copy.CL / copy.V1 == pytest.approx(drug.CL / drug.V1, rel=1e-12)
    assert copy.replace(V1=drug.V1, CL=drug.CL) == drug.unlocked()
    assert drug.V1 == 3.5, "the locked inputs do not move"


def test_the_table_has_the_lock_first_and_both_ends_of_each(locked: Record) -> None:
    table = declared_ranges.one_at_a_time(locked)
    names = [*declared_ranges.DRAWN, *declared_ranges.NOT_DRAWN]
    assert table["input"].tolist() == ["as locked", *(n for name in names for n in (name, name))]
    run = simulate(locked.drug("okt3"), locked.network, load_drug("okt3").regimens["clinical"])
    assert table["index"][0] == pytest.approx(float(severity.index(run)), abs=1e-6)
    z = table.set_index("input")["index"]
    assert z["k_exh"].iloc[0] > z["as locked"] > z["k_exh"].iloc[1], "exhaustion makes it milder"
