"""Run one chapter as committed under a setting, and tell what flips."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tolerances import RTOL

from qsp_lib.chapters import results
from qsp_lib.chapters.results import Tolerance

from .kernels import VARIABLES
from .settings import HOME, ROOT, environment

LONGEST_S = 1500


@dataclass(frozen=True)
class Outcome:
    """What a chapter did under a setting.

    Attributes:
        flipped: one text a cell whose print is not the committed one.
        fresh: the folder of its numbers.
        seen: a folder with a file of each process that simulated under the hook.
    """

    flipped: tuple[str, ...]
    fresh: Path
    seen: Path

    @property
    def disturbed(self) -> bool:
        """Whether any simulation was."""
        return any(self.seen.iterdir())


def run_chapter(name: str, setting: Mapping[str, str], folder: Path, root: Path = ROOT) -> Outcome:
    """Run a chapter of the checkout at ``root`` under nbval; its numbers go to ``folder``."""
    seen, fresh, report = folder / "seen", folder / "results", folder / "report.xml"
    seen.mkdir(parents=True)
    variables = HOME | dict(setting)
    own = {
        "QSP_RESULTS_DIR": str(fresh),
        "QSP_PORTABLE_SEEN": str(seen),
        VARIABLES: json.dumps(variables),
    }
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "portable.kernels"),
            *("-o", f"cache_dir={folder / 'cache'}", f"--junitxml={report}"),
            *("--nbval", "--nbval-current-env", f"notebooks/{name}.ipynb"),
        ],
        cwd=root,
        env=environment(setting, root) | own,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode in (0, 1), f"{name} was not run:\n{done.stdout}\n{done.stderr}"
    cells = list(ElementTree.parse(report).iter("testcase"))
    assert cells, f"{name} has no cell"
    flipped = [
        f"{name}, {cell.get('name')}: {(wrong.text or '').strip()}"
        for cell in cells
        for wrong in (*cell.findall("failure"), *cell.findall("error"))
    ]
    return Outcome(tuple(flipped), fresh, seen)


def changed_numbers(name: str, outcome: Outcome, tolerances: Sequence[Tolerance]) -> list[str]:
    """The kept results that the run did not give again, one line each."""
    committed = results.load(name, results.COMMITTED)
    found = results.load(name, outcome.fresh)
    return [str(one) for one in results.compare(committed, found, RTOL, tolerances)]
