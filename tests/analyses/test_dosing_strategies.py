"""Regimens, declared inputs one at a time, and narrower patients: limits and invariants."""

from __future__ import annotations

import numpy as np
import pytest

from qsp_lib.analyses import dosing
from qsp_lib.analyses.dosing import DeclaredInput, Swing, declared_inputs, in_bags, stepped, swings
from qsp_lib.analyses.population.factors import declared_factors
from qsp_lib.analyses.population.patients import Patients
from qsp_lib.analyses.population.population import Weights
from qsp_lib.analyses.population.quantiles import weighted_share
from qsp_lib.analyses.population.weights import Weighed
from qsp_lib.common.errors import InputError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.model import severity
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.draws import Draws
from qsp_lib.protocol.lock import Record, current_record


@pytest.fixture(scope="module")
def locked() -> Record:
    return current_record()


# ---------------------------------------------------------------- regimens


def test_the_labels_regimen_is_a_week_and_then_the_rest(locked: Record) -> None:
    made, given = stepped(9.0, 28.0, 168.0), locked.regimen("blinatumomab", "step")
    for one, other in zip(made.doses, given.doses, strict=True):
        assert isinstance(one, Infusion) and isinstance(other, Infusion)
        assert (one.start_h, one.duration_h) == (other.start_h, other.duration_h)
        assert one.amount_ug == pytest.approx(other.amount_ug)


def test_no_step_is_the_full_dose_at_once() -> None:
    assert stepped(9.0, 28.0, 0.0).doses == (Infusion(0.0, 672.0, 784.0),)


def test_a_first_dose_equal_to_the_full_one_is_the_flat_dose(locked: Record) -> None:
    two, one = stepped(28.0, 28.0, 72.0, 168.0), stepped(28.0, 28.0, 0.0, 168.0)
    assert two.total_ug == pytest.approx(one.total_ug)
    found = [float(severity.index(locked.run("blinatumomab", r))) for r in (two, one)]
    assert found[0] == pytest.approx(found[1], abs=1e-4)


def test_bags_give_the_same_rate_at_every_hour() -> None:
    whole = Regimen.of(Infusion(0, 100, 50), Bolus(110, 7), Infusion(120, 48, 12), label="x")
    bags = in_bags(whole, 48.0)
    assert bags.label == "x" and bags.total_ug == pytest.approx(whole.total_ug)
    for hour in np.arange(0.5, 200.0, 1.0):
        assert bags.rate_from(hour) == pytest.approx(whole.rate_from(hour))
    assert [d.time_h for d in bags.doses] == [0, 48, 96, 110, 120]
    assert in_bags(whole, 100.0).doses == whole.doses


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ((0.0, 28.0, 24.0), "two rates above 0"),
        ((9.0, np.inf, 24.0), "two rates above 0"),
        ((9.0, 28.0, 672.0), "shorter than the whole"),
        ((9.0, 28.0, -1.0), "from 0 h"),
    ],
)
def test_steps_that_are_none_are_refused(given: tuple[float, ...], why: str) -> None:
    with pytest.raises(InputError, match=why):
        stepped(*given)


def test_a_bag_lasts() -> None:
    with pytest.raises(InputError, match="more than 0"):
        in_bags(stepped(9.0, 28.0, 168.0), 0.0)


# ---------------------------------------------------------------- declared inputs


def test_what_is_varied_is_declared_or_left_as_it_was_declared(locked: Record) -> None:
    found = {one.name: one for one in declared_inputs(locked)}
    assert {"n_M", "n_S", "K_hook"} <= set(found)
    file = load_drug("blinatumomab", inputs=locked.inputs)
    assert "CL" not in found and "EC50" not in found, "published"
    given = file.sources["K_hook"]
    assert (found["K_hook"].low, found["K_hook"].high) == (given.low, given.high)
    drawn = locked.draws(400)["blinatumomab"].values
    for name, one in found.items():
        if name in drawn:
            base = drawn[one.multiple_of] if one.multiple_of else 1.0
            inside = (drawn[name] / base >= one.low) & (drawn[name] / base <= one.high)
            assert 0.85 <= inside.mean() <= 0.95, name


def test_an_input_that_is_held_is_the_same_in_every_draw() -> None:
    draws = Draws({"k_IL6_M": np.array([10.0, 20.0]), "k_IL6_T": np.array([3.0, 3.0])})
    plain = DeclaredInput("k_IL6_M", 1.0, 5.0, "")
    assert list(plain.held(draws, 5.0).values["k_IL6_M"]) == [5.0, 5.0]
    ratio = DeclaredInput("k_IL6_T", 0.1, 0.5, "", multiple_of="k_IL6_M")
    assert list(ratio.held(draws, 0.5).values["k_IL6_T"]) == [5.0, 10.0]


def test_what_an_answer_does_not_read_does_not_move_it() -> None:
    draws = Draws({"K_M": np.array([100.0, 200.0, 400.0]), "K_S": np.array([1.0, 2.0, 3.0])})
    inputs = (DeclaredInput("K_S", 1.0, 9.0, ""), DeclaredInput("K_M", 100.0, 1000.0, ""))
    first, second = swings(lambda some: np.log10(some.values["K_M"]), draws, inputs)
    assert (first.input.name, second.input.name) == ("K_M", "K_S")
    assert (first.at_low, first.at_high) == pytest.approx((2.0, 3.0))
    assert first.as_drawn == second.as_drawn == pytest.approx(np.log10(200.0))
    assert (first.reach, second.reach) == (pytest.approx(1.0), 0.0)


def test_a_turn_within_the_range_counts() -> None:
    one = DeclaredInput("K_M", 1.0, 4.0, "")
    turning = Swing(one, 1.0, 1.0, 3.0)
    assert turning.extent == (1.0, 3.0) and turning.reach == 2.0


def test_a_value_that_draws_lack_is_the_locked_one(locked: Record) -> None:
    draws = locked.draws(3)["blinatumomab"]
    assert "n_M" not in draws.values
    inputs = (DeclaredInput("n_M", 1.0, 4.0, ""), DeclaredInput("n_S", 1.0, 3.0, ""))
    found = swings(lambda some: some.values["n_M"], draws, inputs, locked.network)
    assert found[0].as_drawn == locked.network.n_M and found[0].reach == 3.0
    with pytest.raises(InputError, match="n_M is neither in the draws"):
        swings(lambda some: some.values["n_M"], draws, inputs)


@pytest.mark.parametrize(("low", "high"), [(2.0, 1.0), (-1.0, 1.0), (1.0, 1e99)])
def test_a_range_is_in_order_and_within_the_model(low: float, high: float) -> None:
    with pytest.raises(InputError, match="two ends in order"):
        DeclaredInput("n_M", low, high, "")


def test_something_has_to_vary() -> None:
    with pytest.raises(InputError, match="no input to vary"):
        swings(lambda some: some.values["K_M"], Draws({"K_M": np.ones(2)}), ())


# ---------------------------------------------------------------- narrower patients


PATIENTS = Patients(2, 4000, 7, declared_factors())


def even() -> Weights:
    weights = np.full((2, 4000), 1 / 4000)
    return Weights(None, weights, (Weighed.MET,) * 2, ("",) * 2)


def test_half_the_spread_is_half_the_spread_and_leaves_the_others() -> None:
    found = dosing.narrowed(PATIENTS, even(), "t_cells").weights
    assert found.sum(axis=1) == pytest.approx(1.0)
    levels = np.log10(PATIENTS.nested(PATIENTS.values()))
    for i, factor in enumerate(PATIENTS.factors):
        before = levels[0, :, i].std()
        mean = found[0] @ levels[0, :, i]
        after = np.sqrt(found[0] @ (levels[0, :, i] - mean) ** 2)
        halved = 0.5 if factor.name == "t_cells" else 1.0
        assert after / before == pytest.approx(halved, rel=0.06), factor.name


def test_the_whole_spread_changes_no_weight_and_none_stays_out() -> None:
    weights = even()
    assert np.allclose(dosing.narrowed(PATIENTS, weights, "targets", 1.0).weights, weights.weights)
    out = Weights(None, np.zeros((2, 4000)), (Weighed.TOO_FEW,) * 2, ("",) * 2)
    assert not dosing.narrowed(PATIENTS, out, "targets").weights.any()


def test_a_share_above_a_limit_falls_with_the_limit_under_any_weights() -> None:
    values = PATIENTS.nested(PATIENTS.values())[0, :, 2]
    weights = dosing.narrowed(PATIENTS, even(), "t_cells").weights[0]
    shares = [weighted_share(values, weights, limit) for limit in (0.0, 0.5, 1.0, 2.0, 1e9)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(1.0) and shares[-1] == 0.0


@pytest.mark.parametrize(
    ("factor", "by", "why"),
    [("shoe_size", 0.5, "no patient factor"), ("t_cells", 0.0, "above 0"), ("t_cells", 1.5, "1")],
)
def test_another_spread_is_refused(factor: str, by: float, why: str) -> None:
    with pytest.raises(InputError, match=why):
        dosing.narrowed(PATIENTS, even(), factor, by)
