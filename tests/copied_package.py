"""A copy of the package's code with something changed: what another machine may have installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import qsp_lib


def copied_package(folder: Path, changes: dict[str, tuple[str, str]]) -> Path:
    """The package without its data in a folder, which is to be put on the path.

    Args:
        folder: where.
        changes: by file, what is replaced by what.
    """
    here, there = Path(qsp_lib.__file__).parent, folder / "qsp_lib"
    shutil.copytree(here, there, ignore=shutil.ignore_patterns("__pycache__", "data"))
    for name, (old, new) in changes.items():
        text = (there / name).read_text(encoding="utf-8")
        assert old in text
        (there / name).write_text(text.replace(old, new), encoding="utf-8")
    return folder
