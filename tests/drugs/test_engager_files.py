"""Files of the held-back T-cell engagers: every number is that of the row it names."""

from __future__ import annotations

from typing import Any

import pytest

from qsp_lib.drugs import DrugFile, load_drug, shipped_drugs
from qsp_lib.evidence.tables import load_tables
from qsp_lib.model.awaiting_lock import waits_for_a_lock
from qsp_lib.model.dosing import Bolus, Infusion

ENGAGERS = ("mosunetuzumab", "teclistamab", "epcoritamab", "epcoritamab-linear")


@pytest.fixture(params=ENGAGERS)
def engager(request: Any) -> DrugFile:
    return load_drug(request.param, inputs="v2")


def test_they_are_the_drugs_that_version_2_adds() -> None:
    assert shipped_drugs("v2")[3:] == ENGAGERS


def test_each_is_a_blind_bispecific_that_waits_for_a_lock(engager: DrugFile) -> None:
    assert (engager.inputs.role, engager.inputs.mechanism) == ("blind", "bispecific")
    assert waits_for_a_lock(engager.inputs, engager.regimens["clinical"])


def test_each_borrows_its_rates_from_blinatumomab_of_the_same_version(engager: DrugFile) -> None:
    rates = ("k_act", "k_exh", "k_kill", "k_rec")
    assert engager.same_as == dict.fromkeys(rates, "blinatumomab")
    assert engager.same_as_log10_sd == {"k_act": 0.3, "k_exh": 0.3, "k_kill": 0.5}
    other = load_drug("blinatumomab", inputs="v2")
    for rate in rates:
        assert engager.priors[rate] == other.priors[rate]
        assert engager.sources[rate].same_as == "blinatumomab"
    assert engager.inputs.k_act != load_drug("blinatumomab", inputs="v1").inputs.k_act


def test_each_engages_as_declared_for_all(engager: DrugFile) -> None:
    rows = load_tables()
    assert engager.inputs.h == 1 and engager.sources["h"].low == 0.8
    assert engager.inputs.K_B == rows.row("XI023").number() == 0.72
    assert (engager.sources["K_B"].low, engager.sources["K_B"].high) == (0.3, 3)
    for name, log10_sd in (("EC50", 0.3), ("K_hook", 0.5)):
        prior = engager.priors[name]
        assert (prior.log10_sd, prior.status) == (log10_sd, "assumed")
        assert prior.median == getattr(engager.inputs, name)


@pytest.mark.parametrize(
    ("name", "number", "row", "extra"),
    [
        ("mosunetuzumab", "CL_0", "XI001", 0.0),
        ("mosunetuzumab", "CL", "XI002", 0.0),
        ("mosunetuzumab", "half_life_CL", "XI003", 0.0),
        ("mosunetuzumab", "V1", "XI004", 0.0),
        ("mosunetuzumab", "V2", "XI005", 0.0),
        ("mosunetuzumab", "Q", "XI006", 0.0),
        ("teclistamab", "CL", "XI028", 0.0),
        ("teclistamab", "CL_0", "XI029", 0.449),
        ("teclistamab", "k_CL", "XI030", 0.0),
        ("teclistamab", "V1", "XI031", 0.0),
        ("teclistamab", "V2", "XI032", 0.0),
        ("teclistamab", "Q", "XI033", 0.0),
        ("teclistamab", "k_a", "XI034", 0.0),
        ("teclistamab", "F", "XI035", 0.0),
        ("epcoritamab-linear", "CL", "XI046", 0.0),
        ("epcoritamab-linear", "V1", "XI047", 0.0),
        ("epcoritamab-linear", "V2", "XI048", 0.0),
        ("epcoritamab-linear", "Q", "XI049", 0.0),
        ("epcoritamab-linear", "k_a", "XI050", 0.0),
    ],
)
def test_exposure_is_as_printed(name: str, number: str, row: str, extra: float) -> None:
    written, printed = load_drug(name, inputs="v2").sources[number], load_tables().row(row)
    assert row in written.source
    assert written.value == pytest.approx(printed.number() + extra, rel=1e-12)
    assert (printed.unit or "1") == written.unit
    if printed.low is not None and not extra:
        assert (written.low, written.high) == (printed.low, printed.high)


@pytest.mark.parametrize(
    ("name", "EC50", "K_hook", "nM", "row"),
    [
        ("mosunetuzumab", 8.0, 60_000.0, 400.0, "XI027"),
        ("teclistamab", 15.0, 75_000.0, 512.0, "XI045"),
        ("epcoritamab", 0.09, 7_000.0, 47.3, "XI055"),
    ],
)
def test_potency_and_hook(name: str, EC50: float, K_hook: float, nM: float, row: str) -> None:
    drug = load_drug(name, inputs="v2")
    assert (drug.inputs.EC50, drug.inputs.K_hook) == (EC50, K_hook)
    assert row in drug.sources["K_hook"].source
    assert drug.sources["molar_mass"].value * nM == pytest.approx(K_hook, rel=0.03)


def test_half_of_mosunetuzumabs_lysis_lies_between_two_points_of_the_figure() -> None:
    """-0.85 % at 10 pM, 32.3 % at 100 pM, 46.65 % at most: on a line in log concentration."""
    share = (46.65 / 2 + 0.85) / (32.3 + 0.85)
    pM = 10 * 10**share
    assert "10:-0.85, 100:32.3" in load_tables().row("XI026").value_text
    assert pM * 150e-3 == pytest.approx(
        load_drug("mosunetuzumab", inputs="v2").inputs.EC50, rel=0.02
    )


def test_regimens_in_hours_and_micrograms() -> None:
    mosunetuzumab = load_drug("mosunetuzumab", inputs="v2").regimens
    assert mosunetuzumab["clinical"].doses == tuple(
        Infusion(start, length, 1000.0 * mg)
        for start, length, mg in ((0, 4, 1), (168, 4, 2), (336, 4, 60), (504, 2, 60), (1008, 2, 30))
    )
    assert mosunetuzumab["single"].doses == (Infusion(0, 4, 1000.0),)
    weekly = tuple((144.0 + 168 * n, 1.5) for n in range(5))
    teclistamab = load_drug("teclistamab", inputs="v2").regimens["clinical"].doses
    expected = ((0.0, 0.06), (72.0, 0.3), *weekly)
    for dose, (time_h, mg_per_kg) in zip(teclistamab, expected, strict=True):
        assert isinstance(dose, Bolus) and dose.route == "SC" and dose.time_h == time_h
        assert dose.amount_ug == pytest.approx(74_000 * mg_per_kg)
    doses = ((0, 0.16), (168, 0.8), *((336 + 168 * n, 48.0) for n in range(4)))
    for name in ENGAGERS[2:]:
        assert load_drug(name, inputs="v2").regimens["clinical"].doses == tuple(
            Bolus(float(time_h), 1000.0 * mg, "SC") for time_h, mg in doses
        )


def test_the_two_files_of_epcoritamab_differ_in_exposure_alone() -> None:
    free, unbound = (load_drug(name, inputs="v2") for name in ENGAGERS[2:])
    for name in ("EC50", "h", "K_hook", "K_B", "k_act", "k_exh", "k_kill", "k_rec", "weight_kg"):
        assert getattr(free.inputs, name) == getattr(unbound.inputs, name)
    assert free.regimens == unbound.regimens
    assert free.inputs.exposure == ("table",) and unbound.inputs.exposure == ("depot",)
