"""Jupyter Book, run on staged sources in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from qsp_lib.chapters import runner
from qsp_lib.common import InputError

_JUPYTER_BOOK = (
    "import gc; gc.set_threshold(100_000, 20, 20); "
    "from qsp_lib.common import end_with_parent; end_with_parent(); "
    "from jupyter_book.cli.main import main; main()"
)
"""Jupyter Book in a process that ends with the one that builds.

It holds millions of nodes of pages that live until the end. Looked through for garbage as often as
Python does by default, they take half of the time of a build.
"""


def run(source: Path, draft: Path, build: Path, *options: str) -> Path:
    """Build a book from staged sources.

    Args:
        source: the folder that they are in.
        draft: the folder to make.
        build: the build folder, which keeps the settings of kernels.
        options: of ``jupyter-book build``.

    Returns:
        The folder that holds one folder for the builder.

    Raises:
        InputError: Jupyter Book warned where it must not, or failed; what it printed is in the
            message.
    """
    shutil.rmtree(draft, ignore_errors=True)
    finished = subprocess.run(
        [
            *(sys.executable, "-c", _JUPYTER_BOOK),
            *("build", str(source), "--path-output", str(draft), "--all", "-q", *options),
        ],
        env={**os.environ, **runner.prepare_kernels(build)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if finished.returncode:
        raise InputError(
            f"Jupyter Book did not build the book without a warning; it printed:\n{finished.stdout}"
        )
    return draft / "_build"
