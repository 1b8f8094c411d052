"""The sample kept beside lock v1: made by a command, refused if it is not whole, and of the lock.

A later lock's sample is part of its record; the command makes none of those.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from qsp_lib import protocol
from qsp_lib.__main__ import main
from qsp_lib.common.errors import InputError, LockError
from qsp_lib.common.workers import pool
from qsp_lib.inference.chains import MOVES, Chain
from qsp_lib.inference.checkpoint import Checkpoint
from qsp_lib.inference.fitting import Problem
from qsp_lib.protocol import kept_sample
from qsp_lib.protocol.kept_sample import (
    LOG_POSTERIOR,
    PLAN,
    KeptSample,
    Plan,
    continued,
    locked_problem,
    parse_table,
    read_kept_sample,
    sample_paths,
    sample_posterior,
    table_text,
    write_kept_sample,
)
from qsp_lib.protocol.lock import lock_path, record_of
from qsp_lib.protocol.record import Record, digest_of

Array = NDArray[np.float64]
QUICK = Plan(walkers=4, steps=50, draws=30, least_times=10.0)
TINY = Plan(walkers=40, steps=8, burn_in=2, thin=1)
BY_CHANCE = 1e-4
"""A comparison of samples may fail by chance this often on a machine whose last bits differ."""
FOR_SURE = 1e-8


@pytest.fixture(scope="module")
def lock() -> Record:
    return record_of("v1")


@pytest.fixture(scope="module")
def kept(lock: Record) -> KeptSample:
    return read_kept_sample(lock)


def made_up(record: Record, plan: Plan, *_: Any) -> list[Chain]:
    """Chains of independent draws of Laplace's approximation: none is run to make them."""
    _, mean, covariance = record.posterior
    shape = (plan.steps, plan.walkers)
    chains = []
    for i in range(plan.ensembles):
        points = np.random.default_rng(i).multivariate_normal(mean, covariance, shape)
        chains.append(Chain(points, -points.sum(axis=2), np.full(shape, 0.2), 1))
    return chains


@pytest.fixture(scope="module")
def made(lock: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a made-up sample."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_sample, "sample_posterior", made_up)
        write_kept_sample(lock, "2026-01-01", plan=QUICK, directory=folder)
    return folder


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    """The same, to be spoilt."""
    return Path(shutil.copytree(made, tmp_path / "own"))


# ---------------------------------------------------------------- the kept sample of the lock


def test_the_sample_is_of_lock_v1_and_as_long_as_it_should_be(
    lock: Record, kept: KeptSample
) -> None:
    assert kept.names == lock.posterior[0]
    assert kept.points.shape == (4000, len(kept.names))
    assert kept.made["lock"] == lock.summary
    assert kept.made["solver"] == asdict(lock.solver)
    sampler = kept.made["sampler"]
    assert {name: sampler[name] for name in asdict(PLAN)} == asdict(PLAN)
    assert sampler["moves"] == [list(move) for move in MOVES]
    assert sum(share for _, share in MOVES) == pytest.approx(1)
    found = kept.made["diagnostics"]
    assert found["autocorrelation_times"] >= 50
    assert max(found["split_r_hat"].values()) < 1.05
    assert min(found["effective_size"].values()) > 4000
    assert found["largest_distance_of_ensembles"] < 0.05


def test_the_draws_have_the_means_and_widths_of_the_chains(kept: KeptSample) -> None:
    found = kept.made["diagnostics"]
    mean, sd = (np.array([found[key][name] for name in kept.names]) for key in ("mean", "sd"))
    assert np.abs((kept.points.mean(axis=0) - mean) / sd).max() < 4 / np.sqrt(len(kept))
    assert kept.points.std(axis=0) == pytest.approx(sd, rel=0.08)
    assert len(np.unique(kept.points, axis=0)) > 3900  # a walker that stays is drawn twice


def test_the_draws_are_in_no_order(kept: KeptSample) -> None:
    one, other = kept.points[:2000], kept.points[2000:]
    apart = (one.mean(axis=0) - other.mean(axis=0)) / kept.points.std(axis=0)
    assert np.abs(apart).max() < 4.5 * np.sqrt(2 / 2000)


def test_the_log_posterior_beside_the_draws_is_that_of_the_locked_problem(
    lock: Record, kept: KeptSample
) -> None:
    again = -locked_problem(lock).cost(kept.points[:40])
    assert again == pytest.approx(kept.log_posterior[:40], abs=0.01)
    assert kept.log_posterior.max() < -lock.cost


def test_a_short_chain_from_the_sample_stays_so_distributed(lock: Record, kept: KeptSample) -> None:
    assert continued(lock, kept).p_value > BY_CHANCE


@dataclass(frozen=True)
class Sharper:
    """Residuals of observations whose sigmas are divided by a factor."""

    residuals: Callable[[Array], Array]
    factor: float

    def __call__(self, theta: Array) -> Array:
        return self.factor * self.residuals(theta)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "change",
    [
        lambda p: replace(p, residuals=Sharper(p.residuals, 2.0)),
        lambda p: replace(p, prior_sd=2 * p.prior_sd),
    ],
    ids=["half the sigma of every observation", "twice the width of every prior"],
)
def test_a_short_chain_of_another_posterior_does_not(
    lock: Record, kept: KeptSample, change: Callable[[Problem], Problem]
) -> None:
    assert continued(lock, kept, change(locked_problem(lock))).p_value < FOR_SURE


def test_the_sample_can_be_read_and_not_changed(lock: Record, kept: KeptSample) -> None:
    with pytest.raises(ValueError, match="read-only"):
        kept.points[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        kept.first(3)[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        kept.log_posterior[0] = 1.0
    with pytest.raises(TypeError):
        kept.made["made"] = "today"  # type: ignore[index]


def test_the_first_draws_are_points_for_the_record(lock: Record, kept: KeptSample) -> None:
    first = kept.first(5)
    assert np.array_equal(first, kept.points[:5])
    draws = lock.draws_at(first)
    assert len(draws["tgn1412"]) == 5
    assert draws["tgn1412"].values["k_fb"] == pytest.approx(10.0 ** first[:, 11])
    for n in (0, len(kept) + 1):
        with pytest.raises(InputError, match=f"{n} draws of the kept sample; expected 1 to 4000"):
            kept.first(n)


def test_the_table_is_plain(lock: Record, kept: KeptSample) -> None:
    path, _ = sample_paths(lock)
    frame = pd.read_csv(path)
    assert list(frame) == [*kept.names, LOG_POSTERIOR]
    assert frame.to_numpy()[:, :-1] == pytest.approx(kept.points, abs=1e-12)
    lines = path.read_bytes().split(b"\n")
    assert lines[-1] == b"" and b"\r" not in lines[0]
    assert all(len(cell.split(b".")[1]) == 6 for cell in lines[1].split(b","))


# ---------------------------------------------------------------- making one


@pytest.mark.thorough
def test_chains_are_the_same_on_any_number_of_workers_and_after_a_stop(
    lock: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qsp_lib.inference.chains.LEG", 4)
    whole = sample_posterior(lock, TINY, folder=tmp_path)
    assert [chain.points.shape for chain in whole] == [(6, 40, 20)] * 2
    assert not np.array_equal(whole[0].points, whole[1].points)
    legs = sorted(tmp_path.rglob("rows-*.npy"))
    assert len(legs) == 4  # two of each ensemble
    for leg in legs[1::2]:
        leg.unlink()
    added: list[int] = []
    add = Checkpoint.add

    def counted(self: Checkpoint, start: int, stop: int, values: Array) -> None:
        added.append(start)
        add(self, start, stop, values)

    monkeypatch.setattr(Checkpoint, "add", counted)
    resumed = sample_posterior(lock, TINY, folder=tmp_path)
    assert added == [4, 4]
    with pool(2) as executor:
        apart = sample_posterior(lock, TINY, executor, tmp_path)
    for again in (resumed, apart):
        for one, other in zip(whole, again, strict=True):
            assert np.array_equal(one.points, other.points)
            assert np.array_equal(one.log_density, other.log_density)


def test_chains_of_the_lock_start_from_its_posterior_and_carry_its_density(lock: Record) -> None:
    chain = sample_posterior(lock, replace(TINY, steps=2, burn_in=0, ensembles=1))[0]
    _, mean, covariance = lock.posterior
    assert np.abs(chain.points[0] - mean).max() < 6 * np.sqrt(np.diag(covariance)).max()
    again = -locked_problem(lock).cost(chain.points[1])
    assert chain.log_density[1] == pytest.approx(again)


def test_the_record_says_how_the_sample_was_made(lock: Record, made: Path) -> None:
    about = read_kept_sample(lock, made).made
    assert about["made"] == "2026-01-01"
    assert about["table"]["rows"] == 30
    assert about["sampler"]["walkers"] == 4 and about["sampler"]["seed"] == lock.seed
    assert about["packages"].keys() == {"emcee", "numpy", "pydiffsol", "scipy", "python"}
    names, _, covariance = lock.posterior
    sd = [about["diagnostics"]["sd"][name] for name in names]
    assert sd == pytest.approx(list(np.sqrt(np.diag(covariance))), rel=0.25)


def test_what_a_single_chain_is_worth_is_told_and_compared_with_no_other() -> None:
    points = np.random.default_rng(7).normal(3.0, 2.0, size=(400, 6, 2))
    shares = np.full((400, 6), 0.2)
    shares[0, 0] = 0.9999
    chain = Chain(points, np.zeros((400, 6)), shares, thin=5)
    found = kept_sample.diagnostics([chain], ("one", "two"))
    times = chain.autocorrelation_times()
    assert found["acceptance"] == [0.2003]  # 0.2 + 0.7999 / 2400, four decimals
    assert (
        found["autocorrelation_times"] == round(2000 / times.max(), 1) != round(2000 / times.max())
    )
    sizes = [found["effective_size"][name] for name in ("one", "two")]
    assert sizes == pytest.approx([12000 / time for time in times], rel=1e-4)
    assert found["mean"]["one"] == pytest.approx(points[..., 0].mean(), rel=1e-6)
    assert found["sd"]["two"] == pytest.approx(points[..., 1].std(), rel=1e-6)
    assert "largest_distance_of_ensembles" not in found
    # one that is shifted by ten standard deviations lies beyond it
    apart = replace(chain, points=points + [20.0, 0.0])
    assert kept_sample.diagnostics([chain, apart], ("one", "two"))[
        "largest_distance_of_ensembles"
    ] == pytest.approx(1.0, abs=1e-3)


def test_chains_that_are_too_short_are_not_kept(
    lock: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_sample, "sample_posterior", made_up)
    plan = replace(QUICK, least_times=500.0)
    with pytest.raises(InputError, match="needs 500. Run more than 50 steps"):
        write_kept_sample(lock, "2026-01-01", plan=plan, directory=tmp_path)
    assert not list(tmp_path.iterdir())


def changed(lock: Record, part: str, values: dict[str, Any]) -> Record:
    """The record with some values of a part changed, and signed again."""
    content = json.loads(lock_path(lock.version).read_text(encoding="utf-8"))
    content[part] |= values
    return Record(content | {"digest": digest_of(content)})


def test_a_lock_made_by_another_solver_is_refused(lock: Record) -> None:
    for change, said in (({"atol": 1e-5}, "absolute tolerance"), ({"engine": "scipy"}, "diffsol")):
        with pytest.raises(LockError, match=said):
            locked_problem(changed(lock, "solver", change))


def test_a_lock_of_other_quantities_is_refused(lock: Record) -> None:
    with pytest.raises(LockError, match="other quantities than lock v1"):
        locked_problem(changed(lock, "posterior", {"names": ["k_fb"]}))


def test_the_command_makes_a_sample_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = write_kept_sample
    monkeypatch.setattr(kept_sample, "sample_posterior", made_up)
    monkeypatch.setattr(
        protocol, "write_kept_sample",
        lambda *args, **options: real(*args, **options, plan=QUICK, directory=tmp_path),
    )  # fmt: skip
    assert main(["sample", "--workers", "1"]) == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert first == "2 ensembles of 4 walkers, 50 steps each"
    assert second.startswith("chains of ") and second.endswith(" autocorrelation times")
    assert last == "wrote sample-v1.csv"
    before = (tmp_path / "sample-v1.csv").read_bytes()
    assert main(["sample", "--workers", "1"]) == 1
    assert "sample-v1.csv is there already" in capsys.readouterr().err
    assert main(["sample", "--workers", "1", "--again"]) == 0
    assert (tmp_path / "sample-v1.csv").read_bytes() == before


def test_the_real_sample_is_not_replaced_by_chance(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "--workers", "1"]) == 1
    assert "sample-v1.csv is there already" in capsys.readouterr().err


def test_a_sample_that_is_part_of_a_lock_is_not_made_again(lock: Record, tmp_path: Path) -> None:
    sampled = changed(lock, "posterior", {"sample": {"file": "sample-v1.csv"}})
    with pytest.raises(LockError, match="sample of lock v1 is part of it and is never made again"):
        write_kept_sample(sampled, "2026-01-01", plan=QUICK, directory=tmp_path, again=True)
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- what changes its meaning


def edit(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Change the lines of a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_bytes(("\n".join(change(lines)) + "\n").encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n\n",
        lambda text: text.replace("k_IFN", '"k_IFN"', 1),
        lambda text: text.replace(",", "000,").replace("000,", ",", text.split("\n")[0].count(",")),
    ],
    ids=[
        "Windows line ends",
        "no last line end",
        "empty lines",
        "a quoted heading",
        "zeros at the ends",
    ],
)
def test_how_the_table_is_written_does_not_matter(
    lock: Record, own: Path, change: Callable[[str], str]
) -> None:
    path = own / "sample-v1.csv"
    before, text = read_kept_sample(lock, own), path.read_text(encoding="utf-8")
    assert change(text) != text
    path.write_bytes(change(text).encode())
    after = read_kept_sample(lock, own)
    assert after.sha256 == before.sha256
    assert np.array_equal(after.points, before.points)


def cut_a_digit(lines: list[str]) -> list[str]:
    first, rest = lines[1].split(",", 1)
    return [lines[0], f"{float(first) + 1e-6:.6f},{rest}", *lines[2:]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (cut_a_digit, "was edited"),
        (lambda lines: [*lines[:2], *lines[3:]], "was edited"),
        (lambda lines: lines[:-1], "was edited"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "was edited"),
        (lambda lines: [lines[0].replace("k_IFN,d_IFN", "d_IFN,k_IFN"), *lines[1:]], "was edited"),
        (lambda lines: [*lines, lines[-1]], "was edited"),
        (lambda lines: [*lines[:-1], lines[-1][:20]], "expected rows of 21 numbers"),
        (lambda lines: [*lines[:-1], lines[-1][:-3] + "x"], "no finite number"),
        (lambda lines: [lines[0], "nan" + lines[1][lines[1].index(",") :]], "finite"),
        (lambda lines: lines[:1], "expected rows"),
    ],
    ids=[
        "a digit", "a row taken out", "the last row cut", "rows reordered", "headings swapped",
        "a row twice", "half a row", "no number", "not a number", "no row",
    ],
)  # fmt: skip
def test_a_table_that_means_something_else_is_refused(
    lock: Record, own: Path, change: Callable[[list[str]], list[str]], said: str
) -> None:
    expected = read_kept_sample(lock, own).sha256[:12]
    edit(own / "sample-v1.csv", change)
    with pytest.raises(LockError, match=said) as refused:
        read_kept_sample(lock, own)
    assert "sample-v1.csv" in str(refused.value) and expected in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"\n\n", b"a" * 200_000 + b"\n1"])
def test_a_file_that_is_no_table_is_refused(lock: Record, own: Path, content: bytes) -> None:
    (own / "sample-v1.csv").write_bytes(content)
    with pytest.raises(LockError, match="sample-v1.csv is not the table of hash [0-9a-f]{12}"):
        read_kept_sample(lock, own)


def test_a_missing_table_is_named_with_the_hash_it_should_have(lock: Record, own: Path) -> None:
    expected = read_kept_sample(lock, own).sha256[:12]
    (own / "sample-v1.csv").unlink()
    with pytest.raises(LockError, match=f"sample-v1.csv is missing; .* of hash {expected}"):
        read_kept_sample(lock, own)


def test_a_missing_record_is_named_with_the_lock(lock: Record, own: Path) -> None:
    (own / "sample-v1.json").unlink()
    with pytest.raises(LockError, match=f"sample-v1.json is missing: .*{lock.digest[:12]}.*sample"):
        read_kept_sample(lock, own)
    with pytest.raises(LockError, match="is there already"):
        write_kept_sample(lock, "2026-01-01", plan=QUICK, directory=own)


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", '{"lock": 3}', "\x00", '{"digest": "a"}'])
def test_a_record_that_cannot_be_read_is_refused(lock: Record, own: Path, text: str) -> None:
    (own / "sample-v1.json").write_text(text, encoding="utf-8")
    with pytest.raises(LockError, match=f"sample-v1.json cannot be read.*{lock.digest[:12]}"):
        read_kept_sample(lock, own)


def resign(path: Path, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Change what a record of a sample says, and sign it again."""
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    content["digest"] = digest_of(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    return content


def test_an_edited_record_is_refused(lock: Record, own: Path) -> None:
    path = own / "sample-v1.json"
    path.write_text(path.read_text(encoding="utf-8").replace("2026-01-01", "2026-01-02"))
    with pytest.raises(LockError, match="sample-v1.json was edited: .* hash [0-9a-f]{12}"):
        read_kept_sample(lock, own)


def test_a_sample_of_another_lock_is_refused(lock: Record, own: Path) -> None:
    def other(content: dict[str, Any]) -> None:
        content["lock"]["digest"] = "f" * 64

    resign(own / "sample-v1.json", other)
    said = f"sample-v1.json was made from a lock with digest ffffffffffff, not.*{lock.digest[:12]}"
    with pytest.raises(LockError, match=said):
        read_kept_sample(lock, own)


def test_a_sample_of_other_quantities_is_refused(lock: Record, own: Path) -> None:
    table, about = own / "sample-v1.csv", own / "sample-v1.json"
    edit(table, lambda lines: [lines[0].replace("k_IFN", "k_JFN"), *lines[1:]])
    sha256 = parse_table(table.read_text(encoding="utf-8"))[2]

    def other(content: dict[str, Any]) -> None:
        content["table"]["sha256"] = sha256

    resign(about, other)
    with pytest.raises(LockError, match=r"sample-v1.csv \(hash [0-9a-f]{12}\) holds other quant"):
        read_kept_sample(lock, own)


def test_a_table_is_written_so_that_it_is_read_as_it_was() -> None:
    points = np.array([[1.25, -0.00000004], [1e-3, 3.0]])
    text = table_text(("a", "b"), points, np.array([-2.0, -3.5]))
    assert text == ("a,b,log_posterior\n1.250000,0.000000,-2.000000\n0.001000,3.000000,-3.500000\n")
    columns, rows, _ = parse_table(text)
    assert columns == ("a", "b", "log_posterior")
    assert rows.tolist() == [[1.25, 0.0, -2.0], [0.001, 3.0, -3.5]]
