"""Where a number comes from: every input can be traced, and what a row is used for."""

from __future__ import annotations

import pytest

from qsp_lib.common.errors import EvidenceError, LockError
from qsp_lib.drugs.reading import shipped_drugs
from qsp_lib.evidence.observations import load_observations
from qsp_lib.evidence.row import DECLARED
from qsp_lib.evidence.tables import load_tables
from qsp_lib.model.priors import network_table
from qsp_lib.protocol import provenance
from qsp_lib.protocol.lock import current_record
from qsp_lib.protocol.provenance import explain, parameters


@pytest.mark.parametrize("name", list(network_table()))
def test_every_network_parameter_is_traced_to_its_sources(name: str) -> None:
    (origin,) = explain(name)
    assert origin.kind == "network parameter"
    assert origin.facts["locked value"] == current_record().network.values()[name]
    assert ";".join(origin.sources).replace("; ", ";") == network_table()[name].source.replace(
        "; ", ";"
    )
    assert all(origin.sources.values())


def test_every_input_of_every_drug_is_traced() -> None:
    for key in provenance._drug_inputs():
        (origin,) = explain(key)
        assert origin.sources and origin.kind == "drug input"
    (k_act,) = explain("okt3.k_act")
    assert k_act.facts["same as"] == "tgn1412"
    (ratio,) = explain("k_IL6_T")
    assert ratio.facts["prior median of k_IL6_T/k_IL6_M"] == 0.1
    value, unit = k_act.facts["at the lock"].split()
    assert float(value) == pytest.approx(current_record().drug("tgn1412").k_act, rel=1e-5)
    assert unit == "1/h"
    (f_r,) = explain("tocilizumab.f_R")
    assert f_r.facts["shown over"] == "0.5 to 0.9 fraction"


def test_every_evidence_row_can_be_explained_and_uses_are_found() -> None:
    for row in load_tables():
        (origin,) = explain(row)
        assert origin.kind == "evidence row" and origin.sources[row]
    assert explain("PK001")[0].used_for == ("input blinatumomab.CL",)
    assert "regimen clinical of okt3" in explain("OI001")[0].used_for
    assert "prior of d_IFN" in explain("PK063")[0].used_for
    assert explain("BL002")[0].used_for[-1] == "healthy TNF"


@pytest.mark.parametrize(
    ("row", "use"),
    [
        ("EA021", "fitted: TAB08 TNF (declared assumption)"),
        ("EA004", "fitted: TGN1412 IL-6, late (declared assumption)"),
        ("PO034", "fitted: blinatumomab B cells (declared assumption)"),
        ("BO001", "fitted: blinatumomab IL-6 (data)"),
        ("PO030", "counts of cells beside the fit"),
        ("VA012", "spread of IL-6 between virtual patients"),
        ("EA038", "limit of the severity index in virtual patients"),
        ("EA125", "removal of CRP"),
    ],
)
def test_a_row_that_enters_a_fit_or_a_constant_is_told_to(row: str, use: str) -> None:
    used = explain(row)[0].used_for
    assert use in used and len(set(used)) == len(used)


def test_every_source_of_a_point_of_the_fit_is_used_for_it() -> None:
    for point in load_observations():
        for source in set(point.sources) - {DECLARED}:
            assert f"fitted: {point.course} ({point.use})" in explain(source)[0].used_for


def test_a_prior_is_told_as_it_is_in_the_table_and_a_fixed_one_as_fixed() -> None:
    rows = {row["name"]: row for row in parameters()}
    for name, known in network_table().items():
        told = explain(name)[0].facts["prior log10 sd"]
        if name in ("n_M", "n_S"):
            assert (rows[name]["prior_log10_sd"], told) == (None, "fixed")
        else:
            assert rows[name]["prior_log10_sd"] == told == known.prior.log10_sd > 0


def test_a_note_is_told_where_the_table_has_one_and_nowhere_else() -> None:
    noted = {name: row.note for name, row in network_table().items() if row.note}
    assert noted
    told = {name: explain(name)[0].facts for name in network_table()}
    assert {name: facts["note"] for name, facts in told.items() if "note" in facts} == noted


def test_only_a_rate_of_a_drug_that_drives_the_network_has_a_value_at_the_lock() -> None:
    inputs = provenance._drug_inputs()
    found = {key for key in inputs if "at the lock" in explain(key)[0].facts}
    driving = tuple(f"{drug}." for drug in current_record().drug_names)
    assert {"blinatumomab.", "okt3.", "tgn1412."} <= set(driving)
    assert found == {k for k in inputs if k.startswith(driving) and ".k_" in k}
    assert any(k.startswith("dexamethasone.k_") for k in inputs)


def test_an_input_has_a_prior_and_a_range_if_its_file_gives_one() -> None:
    for key, given in provenance._drug_inputs().items():
        facts = explain(key)[0].facts
        assert facts.get("prior log10 sd") == (given.log10_sd or None)
        ranged = given.low is not None and given.high is not None
        assert ("shown over" in facts) == ranged


def test_a_row_is_told_without_its_source_and_without_what_it_leaves_empty() -> None:
    for row in load_tables():
        facts = explain(row)[0].facts
        assert not {"id", "source", "doi", "pmid"} & facts.keys()
        assert not {None, ""} & {v for v in facts.values() if isinstance(v, str | None)}


def test_no_more_than_three_names_are_offered() -> None:
    with pytest.raises(EvidenceError, match=r"did you mean (\S+ or ){2}\S+\?") as refused:
        explain("k_IL6")
    assert str(refused.value).partition("?")[0].count(" or ") == 2


def test_an_input_without_its_drug_is_given_for_all() -> None:
    given = {f"{drug}.EC50" for drug in shipped_drugs()}
    assert {"blinatumomab.EC50", "tgn1412.EC50", "okt3.EC50"} <= given
    assert {origin.key for origin in explain("EC50")} == given


@pytest.mark.parametrize(
    ("key", "hint"),
    [("BO01", "BO001"), ("okt3.kexh", "okt3.k_exh"), ("dIL6", "d_IL6"), ("", "expected a network")],
)
def test_what_is_not_there_is_refused_with_what_is_close(key: str, hint: str) -> None:
    with pytest.raises(EvidenceError, match=hint):
        explain(key)


def test_without_a_record_there_are_priors_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise LockError("there is no lock record yet")

    monkeypatch.setattr(provenance, "current_record", none)
    assert {row["locked"] for row in parameters()} == {None}
    assert "locked value" not in explain("k_fb")[0].facts
    assert explain("okt3.k_exh")[0].facts["at the lock"] == "there is no lock record"
    assert explain("k_fb")[0].sources == {DECLARED: "no published value"}
