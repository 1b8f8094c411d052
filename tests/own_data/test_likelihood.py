"""The likelihood against multivariate normals, and integrals done another way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from qsp_lib.own_data.likelihood import Residuals
from qsp_lib.own_data.points import Censored, Data, Point

SIGMA, OMEGA = np.array([0.2, 0.5]), np.array([0.4, 0.1])


def data(*given: tuple[str, float, Censored]) -> Data:
    """Points of individuals at successive hours."""
    points = (
        Point(i + 2, "clinical", who, "IL6", float(i), None, 10.0**level, censored)
        for i, (who, level, censored) in enumerate(given)
    )
    return Data("made-up.csv", "0" * 64, tuple(points))


def test_measured_points_are_one_normal_an_individual() -> None:
    made = data(("a", 1.0, ""), ("b", 2.0, ""), ("a", 1.4, ""), ("a", 0.7, ""))
    model = np.array([[1.1, 1.8, 1.0, 0.9], [0.5, 2.5, 1.5, 1.0]])
    found = Residuals.of(made).log_likelihood(model, SIGMA, OMEGA)
    same = np.equal.outer(made.shared, made.shared)
    for i in range(2):
        covariance = SIGMA[i] ** 2 * np.eye(4) + OMEGA[i] ** 2 * same
        expected = multivariate_normal.logpdf(made.levels, model[i], covariance)
        assert found[i] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("censored", ["below", "above"])
def test_what_lies_beyond_a_limit_is_the_integral_over_offsets(censored: Censored) -> None:
    made = data(("a", 1.0, ""), ("a", 0.6, censored), ("a", 0.9, censored), ("b", 0.5, censored))
    model = np.array([[1.1, 0.8, 0.7, 0.9], [0.5, 1.0, 0.6, 0.4]])
    found = Residuals.of(made).log_likelihood(model, SIGMA, OMEGA)
    side = 1 if censored == "below" else -1
    for k in range(2):
        off = made.levels - model[k]

        def of_a(
            b: float, off: np.ndarray = off, s: float = SIGMA[k], w: float = OMEGA[k]
        ) -> float:
            chances = norm.cdf(side * (off[1:3] - b) / s)
            return float(norm.pdf(b, 0, w) * norm.pdf(off[0], b, s) * np.prod(chances))

        a = quad(of_a, -6 * OMEGA[k], 6 * OMEGA[k], epsabs=1e-13)[0]
        b = norm.cdf(side * off[3] / np.hypot(SIGMA[k], OMEGA[k]))
        assert found[k] == pytest.approx(np.log(a) + np.log(b), abs=2e-4)


def test_many_points_of_one_individual_do_not_tell_its_offset_from_the_level() -> None:
    """A hundred points of one individual say no more of the level than one offset allows."""
    made = data(*[("a", 1.0, "")] * 100)
    levels = np.linspace(0, 2, 401)
    model = np.repeat(levels[:, None], 100, axis=1)
    n = len(levels)
    log = Residuals.of(made).log_likelihood(model, np.full(n, 0.2), np.full(n, 0.4))
    weights = np.exp(log - log.max())
    weights /= weights.sum()
    spread = np.sqrt(weights @ levels**2 - (weights @ levels) ** 2)
    assert spread == pytest.approx(np.hypot(0.4, 0.2 / 10), rel=0.05)


def test_a_course_that_did_not_complete_has_no_likelihood() -> None:
    made = data(("a", 1.0, ""), ("a", 1.0, ""))
    found = Residuals.of(made).log_likelihood(np.array([[1.0, np.nan], [1.0, 1.0]]), SIGMA, OMEGA)
    assert found[0] == -np.inf and np.isfinite(found[1])
