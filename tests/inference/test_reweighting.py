"""A sample under other priors: closed forms of a Gaussian, and weights that are not to be trusted.

Data y of a mean x with standard deviation s and a Gaussian prior N(m, t**2) have the evidence
N(y; m, s**2 + t**2), and the posterior of x is Gaussian too.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from qsp_lib.common.errors import InputError
from qsp_lib.inference.fitting import Problem
from qsp_lib.inference.reweighting import (
    Reweighted,
    log_prior,
    mixture,
    model_weights,
    reweighted,
    with_prior_sds,
)

Array = NDArray[np.float64]
Y, S, M = 0.8, 0.5, 0.0


def measured(sd: float, bound: float = 40.0) -> Problem:
    """One quantity, measured once."""
    return Problem(
        ("x",),
        lambda theta: (theta - Y) / S,
        np.array([-bound]),
        np.array([bound]),
        np.array([M]),
        np.array([sd]),
    )


def posterior(sd: float) -> tuple[float, float]:
    """Mean and standard deviation."""
    precision = 1 / S**2 + 1 / sd**2
    return (Y / S**2 + M / sd**2) / precision, precision**-0.5


def drawn(sd: float, n: int = 20_000, seed: int = 1) -> Array:
    mean, width = posterior(sd)
    return mean + width * np.random.default_rng(seed).standard_normal((n, 1))


@pytest.mark.parametrize("factor", [0.5, 0.67, 1.5])
def test_a_reweighted_sample_is_of_the_posterior_under_the_other_prior(factor: float) -> None:
    sd, problem = 1.0, measured(1.0)
    points = drawn(sd)
    found = reweighted(problem, with_prior_sds(problem, factor), points)
    mean, width = posterior(factor * sd)
    error = width / np.sqrt(found.effective_size)
    assert found.mean(points[:, 0]) == pytest.approx(mean, abs=4 * error)
    wanted = norm.ppf([0.05, 0.5, 0.95], mean, width)
    assert found.quantiles(points[:, 0], [0.05, 0.5, 0.95]) == pytest.approx(wanted, abs=8 * error)


@pytest.mark.parametrize("factor", [0.5, 0.67, 1.5, 2.0])
def test_the_mean_ratio_of_the_priors_is_the_ratio_of_the_evidences(factor: float) -> None:
    problem = measured(1.0)
    found = reweighted(problem, with_prior_sds(problem, {"x": factor}), drawn(1.0))
    told = norm.logpdf(Y, M, np.hypot(S, factor)) - norm.logpdf(Y, M, np.hypot(S, 1.0))
    assert 0 < found.log_evidence_error < 0.01
    assert found.log_evidence_ratio == pytest.approx(told, abs=4 * found.log_evidence_error)


def test_the_effective_size_is_that_of_the_closed_form() -> None:
    """Of a prior half as wide, on data that say nothing: E[w]**2/E[w**2] of a Gaussian."""
    points = np.random.default_rng(2).standard_normal((200_000, 1))
    problem = measured(1.0)
    found = reweighted(problem, with_prior_sds(problem, 0.5), points)
    # w = 2 exp(-1.5 x**2) has E[w] = 1 and E[w**2] = 4/sqrt(7)
    assert found.effective_size / 200_000 == pytest.approx(np.sqrt(7) / 4, rel=0.01)


@pytest.mark.parametrize(("factor", "reliable"), [(1.5, True), (2.0, False), (4.0, False)])
def test_wide_priors_on_what_the_data_do_not_know_have_heavy_weights(
    factor: float, reliable: bool
) -> None:
    points = np.random.default_rng(3).standard_normal((100_000, 1))
    problem = measured(1.0)
    found = reweighted(problem, with_prior_sds(problem, factor), points)
    assert found.tail_index == pytest.approx(1 - 1 / factor**2, abs=0.15)
    assert found.is_reliable is reliable


def test_narrower_priors_have_bounded_weights() -> None:
    problem = measured(1.0)
    found = reweighted(problem, with_prior_sds(problem, 0.67), drawn(1.0))
    assert found.tail_index < 0 and found.is_reliable


def test_the_same_prior_changes_nothing() -> None:
    problem = measured(1.0)
    found = reweighted(problem, with_prior_sds(problem, 1.0), drawn(1.0, 50))
    assert found.weights == pytest.approx(np.full(50, 1 / 50))
    assert found.effective_size == pytest.approx(50)
    assert found.log_evidence_ratio == pytest.approx(0.0)
    assert found.tail_index == -np.inf


@pytest.mark.parametrize(("lower", "upper"), [(-1.0, 0.3), (2.0, 9.0), (-9.0, -2.0)])
def test_a_prior_is_cut_off_at_the_bounds(lower: float, upper: float) -> None:
    problem = Problem(
        ("x", "flat"),
        lambda theta: theta,
        np.array([lower, -1.0]),
        np.array([upper, 1.0]),
        np.array([0.2, 0.0]),
        np.array([0.7, np.inf]),
    )
    inside = np.linspace(lower, upper, 7)[1:-1]
    within = norm.cdf([lower, upper], 0.2, 0.7)
    told = norm.logpdf(inside, 0.2, 0.7) - np.log(within[1] - within[0])
    points = np.column_stack([inside, np.zeros(5)])
    assert log_prior(problem, points) == pytest.approx(told, rel=1e-8)
    assert log_prior(problem, np.array([[upper + 0.1, 0.0]]))[0] == -np.inf


def test_models_share_what_their_evidence_says() -> None:
    shares = model_weights({"one": -10.0, "other": -10.0 - np.log(3.0)})
    assert shares == pytest.approx({"one": 0.75, "other": 0.25})
    far = model_weights({"one": -1e4, "other": -2e4})
    assert far == {"one": 1.0, "other": 0.0}


def test_a_mixture_of_two_samples_is_as_wide_as_both() -> None:
    low, high = np.zeros(10), np.ones(40)
    parts = [(Reweighted.by(np.zeros(10)), 0.3), (Reweighted.by(np.zeros(40)), 0.7)]
    both = mixture(parts)
    assert both.mean(np.concatenate([low, high])) == pytest.approx(0.7)
    one = mixture([(parts[0][0], 1.0), (parts[1][0], 0.0)])
    assert one.mean(np.concatenate([low, high])) == 0.0


def test_what_cannot_be_weighted_is_refused() -> None:
    problem = measured(1.0, bound=3.0)
    with pytest.raises(InputError, match="draw 2 lies outside the bounds"):
        reweighted(problem, problem, np.array([[0.0], [4.0]]))
    with pytest.raises(InputError, match="no draw is possible under the new priors"):
        reweighted(problem, measured(1.0, bound=0.5), np.array([[1.0], [2.0]]))
    with pytest.raises(InputError, match="k is not estimated; expected some of"):
        with_prior_sds(problem, {"k": 1.0})
    with pytest.raises(InputError, match="weights sum to 2; expected 1"):
        Reweighted(np.log([1.0, 1.0]))
    with pytest.raises(InputError, match="3 weights have no tail"):
        _ = Reweighted.by(np.zeros(3)).tail_index
    with pytest.raises(InputError, match="expected 0 or more, 1 in all"):
        mixture([(Reweighted.by(np.zeros(3)), 0.4)])
    with pytest.raises(InputError, match="no model was given"):
        model_weights({})
