"""Draws of a drug of a class: how wide they are, what they hang on and what they do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import made_up, made_up_bispecific, stamp_of

from qsp_lib.common.errors import InputError, LockError
from qsp_lib.drugs import load_drug
from qsp_lib.inference import standard_normals
from qsp_lib.model.draws import Draws
from qsp_lib.model.parameters import DrugInputs, NetworkParameters
from qsp_lib.model.structure import RECOVERY_AT_REST
from qsp_lib.protocol.class_draws import LYSIS_TO_CYTOKINES, NO_HOOK, Scatter, class_draws

N, SEED = 4_000, 20260101
SCATTER = Scatter(k_act=0.3, k_exh=0.3, k_kill=0.5, EC50=0.3, K_hook=0.5)
DRUG = made_up_bispecific(name="invented", label="Invented", K_B=0.72, EC50=12.0, K_hook=6000.0)
OTHER = made_up_bispecific(name="imagined", label="Imagined", K_B=0.72, EC50=3.0, K_hook=900.0)


def base_draws(n: int = N) -> Draws:
    some = np.random.default_rng(3)
    names = ("k_fb", "K_S", "k_act", "k_exh", "k_kill", "k_rec", "IC50_dex", "k_e0", "V1", "h")
    return Draws({name: 10.0 ** some.normal(0.0, 0.1, N)[:n] for name in names})


BASE = base_draws()


def factor(draws: Draws, name: str, base: Draws = BASE) -> Any:
    """Of a rate over the base's, or of a potency over the drug's, in log10."""
    if name in ("k_act", "k_exh", "k_kill"):
        return np.log10(draws.values[name] / base.values[name])
    return np.log10(draws.values[name] / getattr(DRUG, name))


@pytest.fixture(scope="module")
def drawn() -> Draws:
    return class_draws(BASE, DRUG, SCATTER, seed=SEED)


@pytest.mark.parametrize(
    ("name", "median", "sd"),
    [
        ("k_act", 1.0, 0.3),
        ("k_exh", 1.0, 0.3),
        ("k_kill", 1.0, 0.5),
        ("EC50", 2.0, np.hypot(0.5, 0.3)),
        ("K_hook", 1.0, 0.5),
    ],
)
def test_factors_are_as_wide_as_declared(drawn: Draws, name: str, median: float, sd: float) -> None:
    """Mean and sd of 4,000 normals lie within four standard errors of what they are drawn from."""
    logs = factor(drawn, name)
    assert logs.mean() == pytest.approx(np.log10(median), abs=4 * sd / np.sqrt(N))
    assert logs.std(ddof=1) == pytest.approx(sd, abs=4 * sd / np.sqrt(2 * N))


def test_one_factor_from_lysis_to_cytokines_is_shared_by_all_drugs_of_a_draw(drawn: Draws) -> None:
    assert (LYSIS_TO_CYTOKINES.median, LYSIS_TO_CYTOKINES.log10_sd) == (2.0, 0.5)
    none = Scatter(0.0, 0.0, 0.0, 0.0, 0.0)
    common = class_draws(BASE, DRUG, none, seed=SEED).values["EC50"] / DRUG.EC50
    assert np.log10(common).std(ddof=1) == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(2 * N))
    other = class_draws(BASE, OTHER, none, seed=SEED).values["EC50"] / OTHER.EC50
    assert other == pytest.approx(common, rel=1e-14)
    own = drawn.values["EC50"] / DRUG.EC50 / common
    assert np.log10(own).std(ddof=1) == pytest.approx(0.3, abs=4 * 0.3 / np.sqrt(2 * N))


def test_a_drugs_own_factors_are_no_other_drugs_and_hang_on_nothing_else(drawn: Draws) -> None:
    other = class_draws(BASE, OTHER, SCATTER, seed=SEED)
    for name in ("k_act", "k_exh", "k_kill"):
        together = np.corrcoef(factor(drawn, name), factor(other, name))[0, 1]
        assert abs(together) < 4 / np.sqrt(N)
    logs = np.array([factor(drawn, name) for name in vars(SCATTER)])
    apart = np.corrcoef(logs) - np.eye(len(logs))
    assert np.abs(apart).max() < 4 / np.sqrt(N)


@pytest.mark.parametrize("n", [1, 7, 1_000])
def test_a_draw_is_the_same_however_many_are_made(drawn: Draws, n: int) -> None:
    few = class_draws(base_draws(n), DRUG, SCATTER, seed=SEED)
    for name, values in few.values.items():
        assert np.array_equal(values, drawn.values[name][:n]), name


def test_another_seed_gives_other_factors(drawn: Draws) -> None:
    other = class_draws(BASE, DRUG, SCATTER, seed=SEED + 1)
    for name in vars(SCATTER):
        assert abs(np.corrcoef(factor(drawn, name), factor(other, name))[0, 1]) < 4 / np.sqrt(N)


@pytest.mark.parametrize("beside", [-1, 0, 1, 2])
def test_no_factor_is_a_normal_that_a_record_draws_from_a_seed_beside(
    drawn: Draws, beside: int
) -> None:
    """A record draws declared priors from its own seed and those next to it."""
    others = standard_normals(N, 3, SEED + beside)
    for name in vars(SCATTER):
        for other in others.T:
            assert abs(np.corrcoef(factor(drawn, name), other)[0, 1]) < 4.5 / np.sqrt(N), name


def test_a_variant_of_a_drug_has_its_factors(drawn: Draws) -> None:
    variant = DRUG.replace(name="invented-linear")
    same = class_draws(BASE, variant, SCATTER, seed=SEED)
    assert all(np.array_equal(values, same.values[name]) for name, values in drawn.values.items())


def test_what_is_one_for_all_drugs_is_the_bases_and_its_exposure_is_not_taken(drawn: Draws) -> None:
    for name in ("k_fb", "K_S", "k_rec", "IC50_dex", "k_e0"):
        assert np.array_equal(drawn.values[name], BASE.values[name])
    assert set(drawn.values) == set(BASE.values) - {"V1", "h"} | {"EC50", "K_hook"}


def test_what_is_shown_beside_changes_that_alone(drawn: Draws) -> None:
    flatter = class_draws(BASE, DRUG, SCATTER, seed=SEED, h=0.8)
    unhooked = class_draws(BASE, DRUG, SCATTER, seed=SEED, hook=False)
    assert np.all(flatter.values["h"] == 0.8) and np.all(unhooked.values["K_hook"] == NO_HOOK)
    for name, values in drawn.values.items():
        assert np.array_equal(values, flatter.values[name])
        assert name == "K_hook" or np.array_equal(values, unhooked.values[name])


def test_a_drug_without_a_hook_has_none_in_any_draw() -> None:
    drug = made_up_bispecific(K_hook=np.inf)
    assert np.all(class_draws(BASE, drug, SCATTER, seed=1).values["K_hook"] == NO_HOOK)


@pytest.mark.parametrize("name", ["mosunetuzumab", "teclistamab", "epcoritamab"])
def test_the_files_of_the_class_say_how_far_its_drugs_lie_apart(name: str) -> None:
    assert Scatter.of(load_drug(name, inputs="v2")) == SCATTER


def test_what_it_is_not_meant_for_is_refused() -> None:
    with pytest.raises(InputError, match="expected a bispecific"):
        class_draws(BASE, made_up(), SCATTER, seed=1)
    for held, missing in ((("k_act", "k_exh"), "k_kill"), (("k_act",), "k_exh")):
        some = Draws({name: BASE.values[name] for name in held})
        with pytest.raises(InputError, match=f"hold no {missing}; expected those of blinatum"):
            class_draws(some, DRUG, SCATTER, seed=1)
    with pytest.raises(InputError, match="seed -1 was given"):
        class_draws(BASE, DRUG, SCATTER, seed=-1)
    with pytest.raises(InputError, match="scatter of k_exh is -0.1"):
        Scatter(0.3, -0.1, 0.5, 0.3, 0.5)
    with pytest.raises(InputError, match="gives k_act no log10_sd"):
        Scatter.of(load_drug("blinatumomab", inputs="v2"))


# ---------------------------------------------------------------- of a lock record

NETWORK = NetworkParameters.prior_medians("v2", t_cells=RECOVERY_AT_REST)
STAMP = stamp_of(NETWORK, DRUG)


def locked_base(drug: DrugInputs = DRUG) -> Draws:
    return Draws({name: BASE.values[name][:5] for name in BASE.values}).stamped(STAMP, drug.name)


def test_draws_of_a_record_carry_its_stamp_and_the_name_of_the_drug_they_are_for() -> None:
    base = locked_base()
    made = class_draws(base, DRUG.stamped(STAMP), SCATTER, seed=SEED)
    assert made.lock is not None and made.lock.same_record(STAMP)
    assert made.drug == "invented" and made.mark == base.mark
    made.require_as_locked()


def test_draws_for_a_drug_that_no_record_holds_replace_no_locked_value_of_another() -> None:
    made = class_draws(locked_base(), OTHER, SCATTER, seed=SEED)
    assert made.drug == "" and made.lock is not None


def test_drug_and_draws_of_two_records_are_refused() -> None:
    another = stamp_of(NETWORK, DRUG, OTHER)
    with pytest.raises(LockError, match="take both from one record"):
        class_draws(locked_base(), DRUG.stamped(another), SCATTER, seed=SEED)
