"""Whether a checkout is whole: tables, lock, ledger, chapters, environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ..common import InputError, QspError
from ..drugs import load_drug, load_tocilizumab, shipped_drugs
from ..evidence import load_observations, load_tables, reviewed_range_kinds
from ..model import network_table
from ..protocol import Finding, sealed_tables, status, verify_records, versions
from .derived import results_findings
from .notebooks import ROOT, chapter_names, declared_parameters, dependencies, read_notebook
from .tidy import as_text, tidy

_EXACT = re.compile(r"([A-Za-z0-9_.-]+)==(\S+)")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what.
        problem: what is wrong with it; empty if nothing is.
        detail: what was found, if nothing is wrong.
    """

    name: str
    problem: str = ""
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problem


def check_all(root: Path = ROOT, *, recompute: bool = False) -> tuple[Check, ...]:
    """Every check; one that fails does not stop the rest.

    Args:
        root: the checkout, for its notebooks, results and constraints.
        recompute: also draw the predictions again from their records.
    """
    return (
        _run("evidence tables", _tables),
        _run("drug files", _drugs),
        *_protocol(recompute),
        check_of("results", results_findings(root)),
        _run("chapters", lambda: _chapters(root / "notebooks")),
        _run("environment", lambda: _environment(root / "constraints.txt")),
    )


def _run(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, detail=look())
    except QspError as problem:
        return Check(name, problem=str(problem))


def _tables() -> str:
    rows = len(load_tables())
    reviewed_range_kinds()
    return f"{rows} rows, {len(load_observations())} observations, {len(network_table())} priors"


def _drugs() -> str:
    for name in shipped_drugs():
        load_drug(name)
    load_tocilizumab()
    return f"{', '.join(shipped_drugs())}, tocilizumab"


def _protocol(recompute: bool) -> Iterator[Check]:
    """The records, and the ledger with the held-back tables; ``lock verify`` prints the table."""
    found = verify_records(recompute=recompute)
    of_records = ("lock ", "prediction ", "locks ", "files ", "sample ", "profiles ", "second ")
    of_locks = [finding for finding in found if finding.what.startswith(of_records)]
    known = ", ".join(versions())
    detail = f"{known} as put on record, the newest as the code and the data are"
    yield check_of("lock records", of_locks, detail if known else "there is no lock record yet")
    states = ", ".join(f"{name} {status(name)}" for name in sealed_tables())
    yield check_of("ledger and held-back tables", [f for f in found if f not in of_locks], states)


def check_of(name: str, findings: Sequence[Finding], detail: str = "") -> Check:
    """A check out of findings: what is wrong with each, or how many there are."""
    wrong = [finding for finding in findings if finding.wrong]
    words = "; ".join(f"{f.what} beside {f.against}: {f.verdict}, {f.detail}" for f in wrong)
    counted = f"{len(findings)} things looked at"
    return Check(name, words, f"{detail}; {counted}" if detail else counted)


def _chapters(notebooks: Path) -> str:
    names = chapter_names(notebooks)
    faults = [f"{name} {fault}" for name in names for fault in _faults(name, notebooks)]
    if faults:
        raise InputError("; ".join(faults) + ". Run: make notebooks.")
    return f"{len(names)} executed and tidy"


def _faults(name: str, notebooks: Path) -> Iterator[str]:
    notebook = read_notebook(name, notebooks)
    declared_parameters(name, notebooks)
    dependencies(name, notebooks)
    try:
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        counts = [cell["execution_count"] for cell in cells]
        tidied = as_text(tidy(notebook))
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise InputError(f"{name} is not a notebook of format 4 ({problem!r}).") from None
    if counts != list(range(1, len(cells) + 1)):
        yield "has not been run from top to bottom"
    if tidied != as_text(notebook):
        yield "is not tidy"


def _environment(constraints: Path) -> str:
    try:
        lines = constraints.read_text(encoding="utf-8").splitlines()
    except OSError:
        return "there is no constraints.txt here, so versions were not compared"
    wanted = [match.groups() for line in lines if (match := _EXACT.fullmatch(line.strip()))]
    other, missing = [], []
    for package, version in wanted:
        try:
            found = metadata.version(package)
        except metadata.PackageNotFoundError:
            missing.append(package)
            continue
        if found != version:
            other.append(f"{package} {found} (built with {version})")
    if other:
        raise InputError(
            f"{', '.join(other)}; results may differ in their last digits. Renew the environment: "
            "make clean-venv setup."
        )
    absent = f"; not installed: {', '.join(missing)}" if missing else ""
    return f"{len(wanted) - len(missing)} packages of the versions it was built with{absent}"
