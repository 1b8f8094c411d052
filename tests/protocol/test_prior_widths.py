"""The posterior under wider and narrower priors: sampled anew, kept, and drawn from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qsp_lib.__main__ import main
from qsp_lib.calibration.candidates import CANDIDATES, LOCKED
from qsp_lib.common.errors import InputError, LockError
from qsp_lib.inference.chains import Chain
from qsp_lib.inference.fitting import Problem
from qsp_lib.model import RTOL
from qsp_lib.protocol import prior_widths
from qsp_lib.protocol.developing import SEED, Development, development_inputs
from qsp_lib.protocol.ensembles import Plan, on_record
from qsp_lib.protocol.lock import current_record, lock_path, read_record
from qsp_lib.protocol.prior_widths import (
    PRIOR_WIDTHS,
    WIDTHS_PLAN,
    draws_under,
    keep_prior_widths,
    problem_under,
    read_prior_width,
    width_paths,
)
from qsp_lib.protocol.record import Record, digest_of

Array = NDArray[np.float64]
DATE = "2030-01-01"
QUICK = Plan(ensembles=1, walkers=4, steps=50, burn_in=0, thin=1, draws=40, least_times=5.0)
names = pytest.mark.parametrize("name", PRIOR_WIDTHS)


@pytest.fixture(scope="module")
def lock() -> Record:
    return current_record()


# ---------------------------------------------------------------- what is sampled


@names
def test_only_the_priors_residuals_change_and_by_the_closed_form(name: str) -> None:
    """Data residuals stay, z of a prior becomes z/w; the cost changes by (w**-2 - 1) z.z / 2."""
    declared, other = CANDIDATES[LOCKED].problem(RTOL), problem_under(name)
    width = PRIOR_WIDTHS[name]
    z = np.random.default_rng(5).normal(0.0, 0.3, (2, declared.dimension))
    theta = (declared.prior_mean + z * declared.prior_sd).clip(declared.lower, declared.upper)
    z = (theta - declared.prior_mean) / declared.prior_sd
    before, after = declared.all_residuals(theta), other.all_residuals(theta)
    m = before.shape[1] - declared.dimension
    assert np.array_equal(after[:, :m], before[:, :m])
    assert after[:, m:] == pytest.approx(z / width)
    moved = 0.5 * (width**-2 - 1) * (z**2).sum(axis=1)
    assert other.cost(theta) - declared.cost(theta) == pytest.approx(moved)
    assert np.array_equal(other.lower, declared.lower)
    assert np.array_equal(other.upper, declared.upper)


def test_one_width_lies_on_each_side_of_what_is_declared() -> None:
    assert PRIOR_WIDTHS == {"narrower": 0.67, "wider": 1.5}
    with pytest.raises(InputError, match="no width 'widest' of the priors; expected narrower or"):
        problem_under("widest")


@pytest.mark.thorough
@names
def test_where_data_say_little_the_ensemble_finds_the_prior_that_was_widened(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two readings of the sum of two quantities: prior and posterior are Gaussian."""
    width, sd = PRIOR_WIDTHS[name], np.array([0.4, 0.3])

    def readings(theta: Array) -> Array:
        return (theta.sum(axis=1, keepdims=True) - [0.5, 0.7]) / 0.5

    edge = np.full(2, 9.0)
    problem = Problem(("a", "b"), readings, -edge, edge, np.zeros(2), width * sd)
    covariance = np.linalg.inv(np.diag((width * sd) ** -2.0) + 2 * np.ones((2, 2)) / 0.5**2)
    mean = covariance @ np.full(2, (0.5 + 0.7) / 0.5**2)
    monkeypatch.setattr(prior_widths, "problem_under", lambda _: problem)
    start = prior_widths.Gaussian(np.zeros(2), np.diag(sd**2))
    plan = Plan(ensembles=1, walkers=48, steps=1_500, burn_in=100)
    (chain,) = prior_widths._chains(start, plan, None, name)
    points = chain.points.reshape(-1, 2)
    assert chain.steps == 1_400
    assert points.mean(axis=0) == pytest.approx(mean, abs=0.03)
    assert np.cov(points.T) == pytest.approx(covariance, rel=0.12, abs=0.003)


# ---------------------------------------------------------------- keeping and reading


def of_lock(record: Record) -> Development:
    """A development that the record says it was made from, its draws made up."""
    names, mean, _ = record.posterior
    points = mean + np.random.default_rng(2).normal(0.0, 0.1, (400, len(mean)))
    content = {
        "estimated": list(names),
        "digest": record.content["development"][LOCKED]["digest"],
        "inputs": development_inputs(),
    }
    return Development(MappingProxyType(content), points, np.zeros(len(points)))


@pytest.fixture
def asked(lock: Record, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The widths that were sampled, each in an instant: independent draws of where it starts."""
    done: list[str] = []

    def at_once(start: Any, plan: Plan, _: Path | None, name: str) -> list[Chain]:
        done.append(name)
        points = start.draws(plan.steps * plan.walkers, 3)
        shape = (plan.steps, plan.walkers)
        log_density = np.zeros(shape)
        return [Chain(points.reshape(*shape, -1), log_density, np.full(shape, 0.2), plan.thin)]

    monkeypatch.setattr(prior_widths, "_chains", at_once)
    monkeypatch.setattr(prior_widths, "read_development", lambda *_: of_lock(lock))
    return done


def keep(folder: Path, **options: Any) -> list[Path]:
    return keep_prior_widths(DATE, plan=QUICK, directory=folder, **options)


def test_a_width_that_is_kept_is_not_made_again_unless_asked(
    asked: list[str], tmp_path: Path
) -> None:
    made = keep(tmp_path)
    assert asked == list(PRIOR_WIDTHS) and all(path.exists() for path in made)
    with pytest.raises(LockError, match="priors-v2.json are there already; --again makes them"):
        keep(tmp_path)
    made[1].unlink()
    assert keep(tmp_path) == made[1:] and asked == [*PRIOR_WIDTHS, "wider"]
    keep(tmp_path, again=True)
    assert len(asked) == 5


def test_chains_that_are_too_short_are_not_kept(asked: list[str], tmp_path: Path) -> None:
    too_short = Plan(ensembles=1, walkers=4, steps=50, burn_in=0, thin=1, draws=40)
    with pytest.raises(InputError, match=r"a kept sample needs 50\. Run more than 50 steps"):
        keep_prior_widths(DATE, plan=too_short, directory=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_development_from_other_inputs_is_not_sampled(
    asked: list[str], lock: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = of_lock(lock)
    inputs = development_inputs() | {"v2/observations.csv": "0" * 64}
    changed = Development(
        MappingProxyType({**old.content, "inputs": inputs}), old.points, old.log_posterior
    )
    monkeypatch.setattr(prior_widths, "read_development", lambda *_: changed)
    with pytest.raises(LockError, match="developed with another v2/observations.csv"):
        keep(tmp_path)
    assert asked == []


def test_what_is_kept_reads_back_and_says_what_it_is_of(
    asked: list[str], lock: Record, tmp_path: Path
) -> None:
    _, about = keep(tmp_path)
    found = read_prior_width(lock, "wider", tmp_path)
    assert found.names == lock.posterior[0] and found.points.shape == (40, len(found.names))
    content = json.loads(about.read_text())
    assert content["width"] == 1.5 and content["made"] == DATE
    assert content["development"] == lock.content["development"][LOCKED]["digest"]
    assert found.rows_on_record == 40 and found.made["sampler"]["walkers"] == 4
    assert found.effective_size > 100 and found.sha256 == content["sample"]["sha256"]


def resign(path: Path, **changes: Any) -> None:
    """Change what is said of a sample, and sign it again."""
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(content | {"digest": digest_of(content)}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"structure": "rest"}, "is of structure rest, and what belongs to lock .* gated"),
        ({"development": "f" * 64}, "is of development ffffffffffff, and what belongs to lock"),
        ({"width": 1.4}, r"is of width 1\.4, and what belongs to lock .* is of width 1\.5"),
    ],
)
def test_a_sample_of_something_else_is_refused(
    asked: list[str], lock: Record, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    resign(keep(tmp_path)[1], **changes)
    read_prior_width(lock, "narrower", tmp_path)
    with pytest.raises(LockError, match=words):
        read_prior_width(lock, "wider", tmp_path)


def test_one_width_does_not_stand_for_the_other(
    asked: list[str], lock: Record, tmp_path: Path
) -> None:
    narrower, wider = keep(tmp_path)
    wider.write_bytes(narrower.read_bytes())
    with pytest.raises(LockError, match=r"is of width 0\.67"):
        read_prior_width(lock, "wider", tmp_path)


def test_a_lock_that_was_not_developed_has_no_such_sample(
    asked: list[str], lock: Record, tmp_path: Path
) -> None:
    keep(tmp_path)
    first = read_record(lock_path("v1"), against_code=False)
    with pytest.raises(LockError, match="what belongs to lock v1 is of development None"):
        draws_under(first, "wider", 5, tmp_path)


def without_last(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize(
    ("file", "act", "words"),
    [
        (1, lambda p: p.write_text(p.read_text().replace("0.67", "0.68")), "was edited"),
        (1, Path.unlink, "is missing; restore it, or make it with 'qsp-crs prior-widths'"),
        (0, without_last, "was edited: its numbers give"),
        (0, Path.unlink, "is missing"),
    ],
)
def test_what_was_edited_cut_or_taken_away_is_refused(
    asked: list[str],
    lock: Record,
    tmp_path: Path,
    file: int,
    act: Callable[[Path], None],
    words: str,
) -> None:
    keep(tmp_path)
    act(width_paths("narrower", tmp_path)[file])
    with pytest.raises(LockError, match=words):
        read_prior_width(lock, "narrower", tmp_path)


# ---------------------------------------------------------------- draws


@names
def test_draws_are_of_the_sample_and_of_declared_priors_as_wide(
    asked: list[str], lock: Record, tmp_path: Path, name: str
) -> None:
    keep(tmp_path)
    width, n = PRIOR_WIDTHS[name], 40
    found, own = draws_under(lock, name, n, tmp_path), lock.draws(n)
    points = read_prior_width(lock, name, tmp_path).points
    assert found.keys() == own.keys() and len(found["okt3"]) == n
    assert found["tgn1412"].values["k_fb"] == pytest.approx(10.0 ** points[:, 11])

    def declared(draws: dict[str, Any]) -> Array:
        """log10 of what no fit moves, about its median: OKT3's potency, the steroid's."""
        of_drug, priors = draws["okt3"].values, lock.assumed
        quantities = {"okt3.EC50": "EC50", "okt3.k_exh": "k_exh", "dexamethasone.k_e0": "k_e0"}
        return np.array(
            [np.log10(of_drug[q] / priors[full].median) for full, q in quantities.items()]
        )

    assert declared(found) == pytest.approx(width * declared(own), abs=1e-5)
    # a share is cut off at 1 however wide its prior is
    f_R = [np.log10(draws["tgn1412"].values["f_R"]) for draws in (found, own)]
    assert f_R[0].max() <= 0 and (f_R[0].std() > f_R[1].std()) == (width > 1)
    # and a rate that OKT3 takes over from TGN1412 varies with both
    factor = np.log10(found["okt3"].values["k_act"] / found["tgn1412"].values["k_act"])
    own_factor = np.log10(own["okt3"].values["k_act"] / own["tgn1412"].values["k_act"])
    assert factor == pytest.approx(width * own_factor, abs=1e-5)


def test_more_draws_than_are_kept_are_refused(
    asked: list[str], lock: Record, tmp_path: Path
) -> None:
    keep(tmp_path)
    with pytest.raises(InputError, match="41 draws of the kept sample; expected 1 to 40"):
        draws_under(lock, "wider", 41, tmp_path)


# ---------------------------------------------------------------- as a command


def test_the_command_keeps_both_and_says_what_to_run(
    asked: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def here(date: str, executor: Any, **options: Any) -> list[Path]:
        options.pop("say")("half way")
        assert options == {"folder": tmp_path / "half", "again": False}
        return keep(tmp_path)

    monkeypatch.setattr("qsp_lib.protocol.keep_prior_widths", here)
    assert main(["prior-widths", "--workers", "1", "--checkpoint", str(tmp_path / "half")]) == 0
    assert "half way\nrun chapters 03, 04, 05 and 08 again" in capsys.readouterr().out


# ---------------------------------------------------------------- what is kept in the package


@names
def test_the_kept_sample_is_of_the_lock_and_as_long_as_it_should_be(
    lock: Record, name: str
) -> None:
    kept = read_prior_width(lock, name)
    assert kept.points.shape == (WIDTHS_PLAN.draws, len(lock.posterior[0]))
    told = json.loads(json.dumps(on_record(WIDTHS_PLAN, SEED)))
    assert kept.made["sampler"] == told
    found = kept.made["diagnostics"]
    assert found["autocorrelation_times"] >= WIDTHS_PLAN.least_times
    assert max(found["split_r_hat"].values()) < 1.2 and kept.effective_size > 500
    again = -problem_under(name).cost(kept.points[:40])
    assert again == pytest.approx(kept.log_posterior[:40], abs=0.01)


def test_wider_priors_widen_the_kept_posterior(lock: Record) -> None:
    """Most quantities: data hold some wherever their prior lets them be."""
    own = lock.points(4000).std(axis=0)
    narrower, wider = (read_prior_width(lock, name).points.std(axis=0) for name in PRIOR_WIDTHS)
    assert np.mean(narrower < own) > 0.9 and np.mean(wider > own) > 0.9
