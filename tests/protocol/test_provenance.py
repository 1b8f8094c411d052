"""Where a number comes from: every input can be traced, and what a row is used for."""

from __future__ import annotations

import pytest

from qsp_lib.common.errors import EvidenceError, LockError
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
    assert k_act.facts["at the lock"] == current_record().drug("tgn1412").k_act
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


def test_an_input_without_its_drug_is_given_for_all() -> None:
    assert {origin.key for origin in explain("EC50")} == {
        "blinatumomab.EC50",
        "tgn1412.EC50",
        "okt3.EC50",
    }


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
