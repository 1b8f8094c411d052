"""Tempering against posteriors that are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from qsp_lib.common.errors import InputError
from qsp_lib.inference.tempering import Tempered, _covariance, _Mover, tempered

RNG = np.random.default_rng(4)
N_MEMBERS, N_POINTS, SD = 300, 12, 0.5
OFFSETS = 0.6 * RNG.standard_normal((N_MEMBERS, N_POINTS))
SLOPES = RNG.standard_normal((N_POINTS, 2))
LEVELS = OFFSETS[7] + SLOPES @ np.array([0.8, -1.1]) + SD * RNG.standard_normal(N_POINTS)


def log_likelihood(points: np.ndarray, members: np.ndarray) -> np.ndarray:
    off = LEVELS - OFFSETS[members] - points @ SLOPES.T
    return -0.5 * np.sum(off**2, axis=1) / SD**2


def exact() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares of the members, and mean and sd of the coordinates over them: conjugate normals."""
    rest = LEVELS - OFFSETS
    marginal = SD**2 * np.eye(N_POINTS) + SLOPES @ SLOPES.T
    log = -0.5 * np.einsum("mi,ij,mj->m", rest, np.linalg.inv(marginal), rest)
    shares = np.exp(log - log.max())
    shares /= shares.sum()
    within = np.linalg.inv(np.eye(2) + SLOPES.T @ SLOPES / SD**2)
    means = rest @ SLOPES @ within / SD**2
    mean = shares @ means
    return shares, mean, np.sqrt(shares @ means**2 - mean**2 + np.diag(within))


@pytest.fixture(scope="module")
def found() -> Tempered:
    return tempered(log_likelihood, 2, N_MEMBERS, 2000, seed=3)


def test_the_posterior_is_that_of_conjugate_normals(found: Tempered) -> None:
    _, mean, sd = exact()
    assert found.points.mean(axis=0) == pytest.approx(mean, abs=0.15 * sd.max())
    assert found.points.std(axis=0) == pytest.approx(sd, rel=0.15)


def test_members_are_as_frequent_as_their_marginal_likelihood_says(found: Tempered) -> None:
    shares, *_ = exact()
    drawn = np.bincount(found.members, minlength=N_MEMBERS) / found.members.size
    assert 0.5 * np.abs(drawn - shares).sum() < 0.15
    assert found.effective_members == pytest.approx(1 / np.sum(shares**2), rel=0.3)


def test_the_likelihood_is_let_in_by_and_by(found: Tempered) -> None:
    assert np.all(np.diff(found.temper) > 0) and found.temper[-1] == 1.0
    assert 0.1 < found.moved < 0.9 and found.exchanged > 0.05
    assert found.log_likelihood == pytest.approx(log_likelihood(found.points, found.members))


def test_without_data_the_prior_comes_back() -> None:
    found = tempered(lambda z, _: np.zeros(len(z)), 1, 5, 1000, seed=1)
    assert found.temper == (1.0,)
    assert found.points.std() == pytest.approx(1, abs=0.1)
    assert np.bincount(found.members) / 1000 == pytest.approx(np.full(5, 0.2), abs=0.06)


def test_the_same_seed_gives_the_same_draws_and_another_one_others() -> None:
    one, same, other = (tempered(log_likelihood, 2, N_MEMBERS, 64, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one.points, same.points) and not np.array_equal(one.points, other.points)


def test_what_cannot_be_evaluated_is_never_drawn() -> None:
    def half(z: np.ndarray, _: np.ndarray) -> np.ndarray:
        return np.where(z[:, 0] > 0, -0.5 * z[:, 0] ** 2, -np.inf)

    assert tempered(half, 1, 1, 200, seed=0).points.min() > 0
    with pytest.raises(InputError, match="0 for every draw"):
        tempered(lambda z, _: np.full(len(z), -np.inf), 1, 1, 100, seed=0)


@pytest.mark.parametrize(("d", "members", "particles"), [(0, 1, 100), (1, 0, 100), (1, 1, 7)])
def test_sizes_that_make_no_sense_are_refused(d: int, members: int, particles: int) -> None:
    with pytest.raises(InputError, match="particles of"):
        tempered(log_likelihood, d, members, particles, seed=0)


def test_eight_particles_are_enough_to_begin_with() -> None:
    found = tempered(log_likelihood, 2, N_MEMBERS, 8, seed=0)
    assert found.points.shape == (8, 2) and found.members.shape == (8,)


def mover(d: int) -> tuple[_Mover, np.ndarray]:
    """One whose steps were learned from these points, ``(200, d)``."""
    points = np.random.default_rng(d).standard_normal((200, d))
    members = np.zeros(200, dtype=int)
    return _Mover(log_likelihood, 1, 0.5, np.random.default_rng(8), points, members), points


def in_order(left: np.ndarray, right: np.ndarray) -> list[list[float]]:
    """``left @ right.T``, by one product and one sum at a time."""
    rows = [[0.0] * len(right) for _ in left]
    for i, j in np.ndindex(len(left), len(right)):
        for a, b in zip(left[i].tolist(), right[j].tolist(), strict=True):
            rows[i][j] += a * b
    return rows


@pytest.mark.parametrize("d", [1, 2, 17])
def test_what_the_steps_are_learned_from_and_the_steps_leave_no_bit_to_blas(d: int) -> None:
    made, points = mover(d)
    off = (points - points.mean(axis=0)).T
    assert np.array_equal(_covariance(points), np.array(in_order(off, off)) / 199)
    assert _covariance(points) == pytest.approx(np.atleast_2d(np.cov(points.T)), abs=1e-14)
    normals = np.random.default_rng(8).standard_normal((40, d))
    assert made._steps((40, d)).tolist() == in_order(normals, made.factor)
