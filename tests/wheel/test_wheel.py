"""The wheel, installed into a fresh environment and used outside the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from qsp_lib import __version__
from qsp_lib.prediction import as_json, predict
from qsp_lib.protocol import current_record

pytestmark = pytest.mark.wheel
ROOT = Path(__file__).resolve().parents[2]
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")

Ran = subprocess.CompletedProcess[str]


def run(*words: str | Path, cwd: Path) -> Ran:
    """A command that sees neither the checkout nor the environment of this process."""
    hidden = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=hidden, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, *PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT,
        cwd=folder)  # fmt: skip
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def qsp_crs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ran]:
    home = tmp_path_factory.mktemp("elsewhere")
    python = home / "env" / "bin" / "python"
    run(sys.executable, "-m", "venv", home / "env", cwd=home)
    run(python, *PIP, "install", wheel, "-c", ROOT / "constraints.txt", cwd=home)
    where = run(python, "-c", "import qsp_lib; print(qsp_lib.__file__)", cwd=home).stdout
    assert Path(where).is_relative_to(home)
    return lambda *words, cwd=home: run(home / "env" / "bin" / "qsp-crs", *words, cwd=cwd)


def test_the_wheel_holds_the_package_with_its_data_and_nothing_else(wheel: Path) -> None:
    assert wheel.name.startswith(f"qsp_crs-{__version__}-py3-none")
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    roots = {name.split("/")[0] for name in names}
    assert roots == {"qsp_lib", f"qsp_crs-{__version__}.dist-info"}
    tracked = subprocess.run(
        ["git", "ls-files", "qsp_lib"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {name for name in names if name.startswith("qsp_lib/")} == set(tracked)


def test_it_predicts_what_the_checkout_predicts(qsp_crs: Callable[..., Ran]) -> None:
    printed = qsp_crs("predict", "tgn1412", "--tocilizumab", "6h", "--draws", "20", "--json")
    here = predict("tgn1412", current_record(), tocilizumab_h=6.0, n_draws=20)
    assert json.loads(printed.stdout) == json.loads(as_json(here))


def test_a_drug_of_ones_own_goes_from_template_to_figure(
    qsp_crs: Callable[..., Ran], tmp_path: Path
) -> None:
    qsp_crs("new-drug", "mine.toml", cwd=tmp_path)
    qsp_crs("predict", "mine.toml", "--draws", "20", "--output", "out", cwd=tmp_path)
    kinds = {path.suffix for path in (tmp_path / "out").iterdir()}
    assert kinds == {".json", ".csv", ".png"}


def test_its_locks_verify(qsp_crs: Callable[..., Ran]) -> None:
    assert current_record().digest[:12] in qsp_crs("lock", "show").stdout
    qsp_crs("lock", "verify")
