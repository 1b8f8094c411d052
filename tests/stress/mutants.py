"""A seeded sample of small changes of the code, each run against the tests that reach its line.

Run by ``make mutants``, not by the tests: four hundred mutants take about an hour. The changes are
cosmic-ray's: a comparison, an operator, a number, a boolean, a loop, a decorator, an exception. A
place in the code is drawn first, and one of its changes after that, so that an operator with many
alternatives is not drawn more often than a number. Annotations, which nothing runs, are left out.

First the tests of the three wings and of what stands on them run once on the code as it is; that
maps every line to the tests that reach it, by themselves or in a fixture. Then each mutant is
written into a copy of the checkout, and its tests run there, quickest first, until one fails: in a
fork of this process, which has loaded the libraries. Digests of equations and code stand still
(mutant_guard.py), and neither the chapters nor what compares them with committed results runs:
those notice every change, whether or not a test says what the code has to do.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "_build" / "mutants"
COPY = KEPT / "copy"
WINGS = ("model", "protocol", "inference")
TESTS = ("model", "protocol", "inference", "drugs", "calibration")
"""Folders of tests; those of the two wings above reach the model and the fit as well."""
PARTS = ("qsp_lib", "book", "benchmarks", "interop", "tests", "results", "exports", "notebooks")
FILES = (
    "pyproject.toml",
    "constraints.txt",
    "conftest.py",
    ".gitignore",
    "_toc.yml",
    "_config.yml",
)
OF_EVERYTHING = "tests/test_house.py"
"""Tests that look at every module: they reach a line of any, and are the last to be asked."""
LEAST_SHARE = 0.85
FIRST_S, LAST_S = 30.0, 600.0
"""Tests of a mutant last this long at first, and of one that survives them, the second time."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        path: relative to the checkout.
        operator, occurrence: of cosmic-ray.
        first, last: lines that it changes.
    """

    path: str
    operator: str
    occurrence: int
    first: int
    last: int

    def source(self) -> str:
        """The file as changed."""
        code = (COPY / self.path).read_text(encoding="utf-8")
        changed: str = mutate_code(code, OperatorProvider()[self.operator](), self.occurrence)
        return changed

    def shown(self) -> str:
        """The lines before and after."""
        before = (COPY / self.path).read_text(encoding="utf-8").splitlines()
        lines = difflib.unified_diff(before, self.source().splitlines(), lineterm="", n=0)
        return "\n".join(line for line in list(lines)[2:] if line[0] in "+-")


def places() -> dict[tuple[str, tuple[int, int], str], list[Mutant]]:
    """Every place that can be changed, with its changes."""
    found: dict[tuple[str, tuple[int, int], str], list[Mutant]] = defaultdict(list)
    operators = {name: OperatorProvider()[name] for name in OperatorProvider()}
    operators = {name: make() for name, make in operators.items() if not make.arguments()}
    files = [path for wing in WINGS for path in (COPY / "qsp_lib" / wing).rglob("*.py")]
    for path in sorted(files):
        code = path.read_text(encoding="utf-8")
        nodes = list(ast_nodes(get_ast(code)))
        never = list(annotations(code))
        name = path.relative_to(COPY).as_posix()
        for operator, change in operators.items():
            positions = [p for node in nodes for p in change.mutation_positions(node)]
            for number, (start, end) in enumerate(positions):
                if any(low <= start < high for low, high in never):
                    continue
                family = operator.split("_")[0]
                mutant = Mutant(name, operator, number, start[0], end[0])
                found[name, start, family].append(mutant)
    return found


def annotations(code: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where types stand, which are read by nothing that runs."""
    for node in ast.walk(ast.parse(code)):
        for field in ("annotation", "returns"):
            if (told := getattr(node, field, None)) is not None:
                yield (told.lineno, told.col_offset), (told.end_lineno, told.end_col_offset)


def sample(n: int, seed: int) -> list[Mutant]:
    """So many mutants, each of another place; what Python cannot read is no mutant."""
    dice, found = random.Random(seed), places()
    order = sorted(found)
    dice.shuffle(order)
    drawn: list[Mutant] = []
    for place in order:
        mutant = dice.choice(found[place])
        if len(drawn) < n and can_be_read(mutant.source()):
            drawn.append(mutant)
    return drawn


def can_be_read(code: str) -> bool:
    """Whether it is Python: a star that marks keywords is no multiplication."""
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


# ---------------------------------------------------------------- the copy and its tests


def make_copy() -> None:
    """A checkout of its own, with a repository, in which files are changed."""
    shutil.rmtree(COPY, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__", "generated", "_static")
    for part in PARTS:
        shutil.copytree(ROOT / part, COPY / part, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, COPY / name)
    who = ("-c", "user.name=A test", "-c", "user.email=test@example.org")
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "as it was"]):
        subprocess.run(["git", *command], cwd=COPY, check=True, capture_output=True)


def as_it_was() -> None:
    """Undo whatever a mutant, or a test that it misled, left in the copy."""
    for command in (["checkout", "-q", "--", "."], ["clean", "-fdq"]):
        subprocess.run(["git", *command], cwd=COPY, check=True, capture_output=True)


def run_tests(wanted: Sequence[str], limit_s: float, log: Path) -> tuple[int | str, float]:
    """Exit code of pytest in a fork, or how it ended otherwise, and the seconds of work it took."""
    order = KEPT / "wanted.json"
    order.write_text(json.dumps(list(wanted)))
    files = sorted({name.partition("::")[0] for name in wanted})
    arguments = [*files] if wanted else [*(f"tests/{part}" for part in TESTS), OF_EVERYTHING]
    arguments += ["-q", "-p", "mutant_guard", *(["-x"] if wanted else [])]
    for plugin in ("xdist", "pytest_cov", "nbval"):
        arguments += ["-p", f"no:{plugin}"]
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            with log.open("w") as out:
                os.dup2(out.fileno(), 1)
                os.dup2(out.fileno(), 2)
            os.chdir(COPY)
            at_most = int(limit_s) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (at_most, at_most + 5))
            os.environ |= {
                "PYTHONPATH": str(COPY),
                "PYTHONDONTWRITEBYTECODE": "1",
                "MUTANTS_KEPT": str(KEPT),
                "MUTANTS_WANTED": str(order) if wanted else "",
            }
            sys.dont_write_bytecode = bool(wanted)
            sys.path[:] = [str(COPY), str(COPY / "tests" / "stress"), *sys.path]
            import pytest

            code = int(pytest.main(arguments))
            sys.stdout.flush()
            os._exit(code)
        except SystemExit as end:
            os._exit(int(end.code or 0))
        except BaseException:
            import traceback

            traceback.print_exc()
            sys.stderr.flush()
            os._exit(99)
    until = time.monotonic() + 6 * limit_s + 60
    while True:
        done, status, used = os.wait4(pid, os.WNOHANG)
        if done:
            break
        if time.monotonic() > until:
            os.killpg(pid, signal.SIGKILL)
            _, status, used = os.wait4(pid, 0)
            return "time-out", used.ru_utime + used.ru_stime
        time.sleep(0.02)
    code = os.waitstatus_to_exitcode(status)
    spent = used.ru_utime + used.ru_stime
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "time-out", spent
    return code, spent


def warm() -> None:
    """Load the libraries that the tests load, and nothing of the package itself."""
    import pytest  # noqa: F401

    names = json.loads((KEPT / "loaded.json").read_text())
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:
            print(f"not loaded beforehand: {name}")


def prepare() -> dict[str, Any]:
    """The copy, the digests that stand still, what to load beforehand, and the map."""
    if not (KEPT / "map.json").exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        make_copy()
        for name in ("digests.json", "loaded.json"):
            (KEPT / name).unlink(missing_ok=True)
        run_tests([], 600, KEPT / "digests.log")
        print(run_tests([], 7200, KEPT / "map.log"), flush=True)
        as_it_was()
    made: dict[str, Any] = json.loads((KEPT / "map.json").read_text())
    return made


def reaching(mutant: Mutant, known: dict[str, Any], limit_s: float) -> list[str]:
    """The tests that run a line of the mutant, quickest first, for so many seconds.

    A line that runs when the module is loaded decides what every test of the module does, and what
    the tests do that are named after it.
    """
    lines: dict[str, list[str]] = known["tests"].get(mutant.path, {})
    within = {t for n in range(mutant.first, mutant.last + 1) for t in lines.get(str(n), [])}
    seconds: dict[str, float] = known["seconds"]
    if not within:
        within = {t for tests in lines.values() for t in tests}
        named = f"/test_{Path(mutant.path).stem}.py"
        within |= {t for t in seconds if named in t}
    within -= set(known["failed"])
    last = {t for t in seconds if t.startswith(OF_EVERYTHING) and "[" not in t} - set(
        known["failed"]
    )
    order = sorted(within - last, key=lambda t: (seconds.get(t, 0.0), t)) + sorted(last)
    total, chosen = 0.0, []
    for test in order:
        total += seconds.get(test, 0.0)
        if chosen and total > limit_s:
            break
        chosen.append(test)
    return chosen


def judge(mutant: Mutant, known: dict[str, Any], limit_s: float, log: Path) -> dict[str, Any]:
    """What became of a mutant."""
    wanted = reaching(mutant, known, limit_s)
    everything = reaching(mutant, known, 1e9)
    if not wanted:
        return {"verdict": "survived", "tests": 0, "all": 0, "work_s": 0.0}
    work = sum(known["seconds"].get(t, 0.0) for t in wanted)
    target = COPY / mutant.path
    target.write_text(mutant.source(), encoding="utf-8")
    os.utime(target, (1e9 + mutant.occurrence, 1e9 + mutant.occurrence))  # never as compiled
    try:
        code, spent = run_tests(wanted, 3 * work + 30, log)
    finally:
        as_it_was()
    verdict = "survived" if code in (0, 5) else "time-out" if code == "time-out" else "killed"
    return {
        "verdict": verdict,
        "code": code,
        "tests": len(wanted),
        "all": len(everything),
        "work_s": round(spent, 2),
    }


def judge_all(
    drawn: Sequence[Mutant],
    numbers: Sequence[int],
    known: dict[str, Any],
    limit_s: float,
    told: dict[int, dict[str, Any]],
    kept: Path,
) -> None:
    """Judge some of the sample, and keep each verdict, so that a stopped run goes on."""
    for number in numbers:
        mutant, log = drawn[number], KEPT / f"{number}.log"
        found = judge(mutant, known, limit_s, log)
        told[number] = {"number": number, "path": mutant.path, "line": mutant.first} | found
        with kept.open("a") as out:
            out.write(json.dumps(told[number]) + "\n")
        if found["verdict"] != "survived":
            log.unlink(missing_ok=True)
        print(f"{number} {mutant.path}:{mutant.first} {found['verdict']}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="map and copy the checkout anew")
    options = parser.parse_args()
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    began = time.monotonic()
    if options.again:
        shutil.rmtree(KEPT, ignore_errors=True)
    known = prepare()
    warm()
    drawn = sample(options.mutants, options.seed)
    kept = KEPT / f"verdicts-{options.seed}.jsonl"
    lines = kept.read_text().splitlines() if kept.exists() else []
    told = {one["number"]: one for one in map(json.loads, lines)}
    new = [number for number in range(len(drawn)) if number not in told]
    judge_all(drawn, new, known, FIRST_S, told, kept)
    left = [n for n, one in sorted(told.items()) if one["verdict"] == "survived"]
    left = [n for n in left if told[n]["tests"] < told[n]["all"]]
    judge_all(drawn, left, known, LAST_S, told, kept)
    verdicts = Counter(told[number]["verdict"] for number in range(len(drawn)))
    survived = [n for n in range(len(drawn)) if told[n]["verdict"] == "survived"]
    for number in survived:
        mutant = drawn[number]
        print(f"\n{number} survived {told[number]['all']} tests: {mutant.path}:{mutant.first}")
        print(mutant.shown())
    share = 1 - len(survived) / len(drawn)
    print(f"\nleft out, because they fail among mutants: {known['failed']}")
    print(
        f"{len(drawn)} mutants, seed {options.seed}, {time.monotonic() - began:.0f} s: {verdicts}"
    )
    print(f"{share:.1%} killed, {LEAST_SHARE:.0%} are to be")
    return 0 if share >= LEAST_SHARE else 1


if __name__ == "__main__":
    raise SystemExit(main())
