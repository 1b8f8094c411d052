"""The tests of this folder can fail: a draw left to BLAS, and a chain run again, each on trial."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest

from .chapters import run_chapter
from .settings import (
    HOME,
    NOISE,
    ROOT,
    SETTINGS,
    elsewhere,
    facts_under,
    run_module,
    takes_effect,
)

pytestmark = pytest.mark.portable

DRAWN_BY_BLAS = """

def laplace_draws(mean: Array, covariance: Array, n_draws: int, seed: int) -> Array:
    factor = np.linalg.cholesky(covariance)
    return mean + standard_normals(n_draws, mean.size, seed) @ factor.T
"""
FACTS = """\
import json
import os
from pathlib import Path

from portable.facts import facts

Path(os.environ["QSP_PORTABLE_SEEN"], "facts").write_text(json.dumps(facts()), encoding="utf-8")
"""
CHAIN = """\
import emcee
import numpy as np

from qsp_lib.calibration import make_problem
from qsp_lib.inference import fit_from, laplace_draws

problem = make_problem(("blinatumomab",), rtol=1e-6, inputs="v1")
best = fit_from(problem, problem.prior_mean)
sampler = emcee.EnsembleSampler(
    38, problem.dimension, lambda theta: -problem.cost(theta), vectorize=True
)
sampler.random_state = np.random.RandomState(1).get_state()
sampler.run_mcmc(laplace_draws(best.theta, best.covariance, 38, seed=1), 30)
samples = sampler.get_chain(discard=15, flat=True)
# every sample has the digits in which the fits differ; whether a step flips besides is luck
print(f"{samples[:, 0].mean():.10f} {samples[:, 0].std():.10f}")
"""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of what the tests need, to be changed."""
    root = tmp_path / "copy"
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("qsp_lib", "tests", "notebooks", "results"):
        shutil.copytree(ROOT / name, root / name, ignore=ignore)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, root / name)
    return root


def test_a_draw_left_to_blas_is_noticed(copied: Path) -> None:
    module = copied / "qsp_lib/inference/posterior.py"
    with module.open("a", encoding="utf-8") as file:
        file.write(DRAWN_BY_BLAS)
    kernel = next((s for s in SETTINGS if s.witness == "blas" and takes_effect(s)), None)
    before = json.loads(run_module("portable.probe"))
    found = json.loads(
        run_module("portable.probe", setting=kernel.environment if kernel else HOME, root=copied)
    )
    assert found["bits"]["draws"] != before["bits"]["draws"]
    # and the first draw is not the same however many are made
    assert len(found["bits"]["first_draws"]) > len(before["bits"]["first_draws"]) == 1


def write_chapter(name: str, code: str, root: Path) -> Path:
    """A chapter of one cell, not yet run."""
    path = root / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    nbformat.write(notebook, path)
    return path


def test_the_kernel_of_a_chapter_is_elsewhere(copied: Path, tmp_path: Path) -> None:
    write_chapter("99_facts", FACTS, copied)
    outcome = run_chapter("99_facts", elsewhere(), tmp_path, copied)
    in_the_kernel = json.loads((outcome.seen / "facts").read_text(encoding="utf-8"))
    assert in_the_kernel == json.loads(run_module("portable.facts", setting=elsewhere()))
    assert in_the_kernel != facts_under("")


def test_a_chain_run_again_is_noticed(copied: Path, tmp_path: Path) -> None:
    name = "99_chain"
    path = write_chapter(name, CHAIN, copied)
    run_module("papermill", str(path), str(path), root=copied)
    assert run_chapter(name, HOME, tmp_path / "home", copied).flipped == ()
    (flipped,) = run_chapter(name, NOISE, tmp_path / "noise", copied).flipped
    assert "Cell outputs differ" in flipped
