"""A clone with Windows line endings, at a path of another alphabet, is the same paper."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .settings import ROOT, run_module
from .test_portable import printed

pytestmark = pytest.mark.portable


def test_a_clone_with_windows_line_endings_verifies_the_lock_and_predicts(tmp_path: Path) -> None:
    clone = tmp_path / "Дом der Bücher"
    git = ["git", "clone", "--quiet", "-c", "core.autocrlf=true", str(ROOT), str(clone)]
    subprocess.run(git, check=True, capture_output=True)
    for ends_so in (
        "qsp_lib/inference/posterior.py",
        "qsp_lib/data/observations.csv",
        "qsp_lib/data/drugs/okt3.toml",
        "qsp_lib/data/evidence/potency.csv",
    ):
        assert b"\r\n" in (clone / ends_so).read_bytes()
    # a program of the clone, and not of the checkout that is tested
    where = "import qsp_lib, sys; sys.stdout.write(qsp_lib.__file__)"
    (clone / "where.py").write_text(where, encoding="utf-8")
    assert Path(run_module("where", root=clone)).is_relative_to(clone)
    assert printed({}, clone) == printed({})
