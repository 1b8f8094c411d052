"""Run the chapters under papermill: in order, side by side where they can be, good output kept.

Each chapter runs in a process of its own, in a kernel of this very interpreter that sees none of
the user's Jupyter, IPython or matplotlib settings. Its notebook and its numbers go to a scratch
folder and replace the last good ones only when it has run to the end.

Two runs in one checkout do not disturb each other: each has a scratch folder of its own and reads
the numbers of earlier chapters as it made them or as they are committed; the notebook and the
numbers of a chapter are put in place together.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..common import (
    DRAWN,
    MOST_WORKERS,
    RESULTS_DIR,
    RESULTS_FROM,
    InputError,
    canonical_json,
    cores,
    decimals,
    fresh_pool,
    late,
    only_one,
    scratch,
    write_bytes_atomic,
    write_text_atomic,
)
from .notebooks import (
    NOTEBOOKS,
    ROOT,
    chapter_names,
    declared_parameters,
    dependencies,
    find_chapter,
    parameter_model,
)
from .parameters import check_parameters
from .tidy import as_text, tidy

BUILD = ROOT / "_build"
CELL_TIMEOUT_S = 3600
TIMES = "times.json"
"""In the build folder: seconds each chapter took when it was last run."""


@dataclass(frozen=True)
class Run:
    """How one chapter's run ended.

    Attributes:
        name: the chapter.
        seconds: how long it took; 0 if it was not started.
        problem: why it failed or was not started; empty if it ran to the end.
        output: path of its notebook, as far as it got; empty if there is none.
    """

    name: str
    seconds: float
    problem: str = ""
    output: str = ""

    @property
    def ok(self) -> bool:
        """Whether it ran to the end."""
        return not self.problem


def prepare_kernels(build: Path = BUILD) -> dict[str, str]:
    """Make the folders kernels use and return the environment variables to start them with.

    They keep the user's own settings out of a chapter's kernel: the kernel ``python3`` is the one
    of the running interpreter's environment, whatever else is registered under that name, and
    what could change a figure or the last bit of a number is fixed: the plotting style, the
    number of BLAS threads, the order of sets.
    """
    cache = build.absolute() / "cache"
    folders = {
        "JUPYTER_DATA_DIR": cache / "jupyter",
        "JUPYTER_CONFIG_DIR": cache / "jupyter-config",
        "JUPYTER_RUNTIME_DIR": cache / "jupyter-runtime",
        "IPYTHONDIR": cache / "ipython",
        "MPLCONFIGDIR": cache / "matplotlib",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    profile = cache / "ipython" / "profile_default"
    profile.mkdir(exist_ok=True)
    # each kernel listens on this machine only and would still warn that it does not encrypt
    write_text_atomic(
        profile / "ipython_kernel_config.py", "get_config().IPKernelApp.log_level = 50\n"
    )
    return {
        **{name: str(folder) for name, folder in folders.items()},
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_PATH": "",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONHASHSEED": "0",
        "TQDM_DISABLE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }


def run_chapters(
    names: Sequence[str] = (),
    *,
    notebooks: Path = NOTEBOOKS,
    build: Path = BUILD,
    jobs: int = 2,
    in_place: bool = False,
    parameters: Mapping[str, Any] | None = None,
    cell_timeout_s: int = CELL_TIMEOUT_S,
    say: Callable[[str], None] = print,
) -> list[Run]:
    """Run chapters and put their notebooks and numbers where they belong.

    Args:
        names: which; default all, in order. A chapter waits for those among them that it
            depends on, and reads the others' committed numbers, whatever lies in ``build``.
        notebooks: the folder of the chapters.
        build: where the outputs go: ``notebooks/*.ipynb``, ``results/*.json`` and, of a chapter
            with figures, ``drawn/*.json`` (them in vectors) in it.
        jobs: how many chapters run side by side.
        in_place: write to ``notebooks``, and to ``results`` and ``drawn`` beside it, instead.
        parameters: values other than the defaults, for one named chapter; its output then goes
            to ``trial`` in ``build``, because the book is made from defaults only.
        cell_timeout_s: how long one cell may take.
        say: called with one line of progress at a time.

    Returns:
        One `Run` a chapter, in order; look at `Run.ok`. A failed chapter's notebook, as far as
        it got, is in ``failed`` in ``build``.

    Raises:
        InputError: an unknown chapter or parameter, before anything is run.
    """
    if jobs < 1 or cell_timeout_s < 1:
        raise InputError(
            f"jobs is {jobs} and the time a cell may take {cell_timeout_s} s; expected 1 or more."
        )
    known = chapter_names(notebooks)
    chosen = tuple(dict.fromkeys(find_chapter(name, notebooks) for name in names)) or known
    given = dict(parameters or {})
    if given and len(chosen) != 1:
        raise InputError(f"Parameters go to one chapter; {len(chosen)} were named. Name one.")
    if given and in_place:
        raise InputError(
            "The committed chapters are run with their default parameters; leave out the "
            "parameters, or --in-place to get a trial run in _build/trial."
        )
    for name in chosen:
        declared = declared_parameters(name, notebooks)
        defaults = {key: parameter.default for key, parameter in declared.items()}
        model = parameter_model(name, notebooks)
        accepted = check_parameters(name, defaults | given, model, declared)
        given = {key: accepted[key] for key in given}
    after = {
        name: [other for other in dependencies(name, notebooks) if other in chosen]
        for name in sorted(chosen)
    }

    home = notebooks.parent if in_place else build / "trial" if given else build
    build.mkdir(parents=True, exist_ok=True)
    with scratch(build / "scratch") as own:
        places = _Places(notebooks, home, own, build)
        with only_one(build):
            if not in_place and not given:
                _start_from_committed(places, known, chosen)
            _give_numbers(places, trial=bool(given))
        done = _run_all(after, places, given, jobs, cell_timeout_s, say)
    if not in_place and not given:
        with only_one(build):
            _note_times(build, done)
    return [done[name] for name in sorted(done)]


def _run_all(
    after: Mapping[str, Sequence[str]],
    places: _Places,
    given: Mapping[str, Any],
    jobs: int,
    cell_timeout_s: int,
    say: Callable[[str], None],
) -> dict[str, Run]:
    """Run chapters as those they wait for are done, ``jobs`` side by side."""
    workers_of_each = max(cores() // max(min(jobs, len(after)), 1), 1)
    environment = prepare_kernels(places.build) | {MOST_WORKERS: str(workers_of_each)}
    done: dict[str, Run] = {}
    running: dict[Future[Run], str] = {}
    with fresh_pool(jobs) as pool:
        while len(done) < len(after):
            for name, others in after.items():
                if name in done or name in running.values() or len(running) >= jobs:
                    continue
                broken = [other for other in others if other in done and not done[other].ok]
                if broken:
                    done[name] = Run(name, 0.0, f"not run, because {broken[0]} did not succeed")
                    say(f"[{len(done)}/{len(after)}] {name}: {done[name].problem}")
                elif all(other in done for other in others):
                    say(f"{name}: running")
                    work = pool.submit(_run_one, name, places, given, environment, cell_timeout_s)
                    running[work] = name
            for work in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                name = running.pop(work)
                done[name] = run = _outcome(work, name)
                ending = f"{decimals(run.seconds, 0)} s" if run.ok else f"FAILED: {run.problem}"
                say(f"[{len(done)}/{len(after)}] {name}: {ending}")
    return done


def run_times(build: Path = BUILD) -> dict[str, float]:
    """Seconds each chapter took when last run into ``build``; empty if none was."""
    try:
        times: dict[str, float] = json.loads((build / TIMES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return times


@dataclass(frozen=True)
class _Places:
    notebooks: Path
    home: Path
    own: Path
    build: Path

    @property
    def read_from(self) -> Path:
        """The numbers that chapters of this run read of each other."""
        return self.own / "results"

    @property
    def failed(self) -> Path:
        return self.build / "failed"


def _start_from_committed(places: _Places, known: Sequence[str], chosen: Sequence[str]) -> None:
    """Drop what is of no chapter from the build; complete it with what is committed."""
    for folder, suffix in (("notebooks", ".ipynb"), ("results", ".json"), ("drawn", ".json")):
        target = places.home / folder
        target.mkdir(parents=True, exist_ok=True)
        for path in target.iterdir():
            if path.stem not in known:
                path.unlink()
        for name in known:
            committed = places.notebooks.parent / folder / f"{name}{suffix}"
            if name not in chosen and committed.exists() and not (target / committed.name).exists():
                shutil.copyfile(committed, target / committed.name)


def _give_numbers(places: _Places, trial: bool) -> None:
    """Copy what chapters of this run read of others: their committed numbers.

    A chapter that has none is new, and is read as it was last run here, but for a trial's.
    """
    committed = places.notebooks.parent
    for folder in (committed,) if trial else (places.home, committed):
        if (folder / "results").is_dir():
            shutil.copytree(folder / "results", places.read_from, dirs_exist_ok=True)


def _run_one(
    name: str,
    places: _Places,
    parameters: Mapping[str, Any],
    environment: Mapping[str, str],
    cell_timeout_s: int,
) -> Run:
    """Run one chapter in this process, which is the pool's, and move its output into place."""
    os.environ.update(environment)

    folder = places.own / name
    folder.mkdir(parents=True)
    os.environ[RESULTS_DIR] = str(folder)
    drawn = folder / "drawn.json"
    os.environ[DRAWN] = str(drawn)
    os.environ[RESULTS_FROM] = str(places.read_from)
    draft = folder / f"{name}.ipynb"
    started = time.monotonic()
    try:
        late.papermill.execute_notebook(
            str(places.notebooks / f"{name}.ipynb"),
            str(draft),
            parameters=dict(parameters),
            kernel_name="python3",
            cwd=str(places.notebooks),
            progress_bar=False,
            execution_timeout=cell_timeout_s,
        )
    except Exception as problem:  # whatever it was, the other chapters go on and this one is named
        places.failed.mkdir(parents=True, exist_ok=True)
        if draft.exists():
            os.replace(draft, places.failed / draft.name)
        seen = places.failed / draft.name
        told = f"; the notebook as far as it got: {seen}" if seen.exists() else ""
        seconds = time.monotonic() - started
        return Run(name, seconds, f"{_explain(problem)}{told}", str(seen) if told else "")
    numbers = folder / f"{name}.json"
    if not numbers.exists():
        problem_text = "it ran to the end but saved no results; its last cell calls chapter.save"
        return Run(name, time.monotonic() - started, problem_text)
    executed = tidy(json.loads(draft.read_text(encoding="utf-8")))
    output = places.home / "notebooks" / draft.name
    with only_one(places.build):
        for target in ("notebooks", "results", "drawn"):
            (places.home / target).mkdir(parents=True, exist_ok=True)
        places.read_from.mkdir(parents=True, exist_ok=True)
        write_text_atomic(output, as_text(executed))
        write_bytes_atomic(places.home / "results" / numbers.name, numbers.read_bytes())
        if drawn.exists():
            write_bytes_atomic(places.home / "drawn" / numbers.name, drawn.read_bytes())
        else:
            (places.home / "drawn" / numbers.name).unlink(missing_ok=True)
        (places.failed / draft.name).unlink(missing_ok=True)
    os.replace(numbers, places.read_from / numbers.name)
    return Run(name, time.monotonic() - started, output=str(output))


def _explain(problem: Exception) -> str:
    """Name the failing cell if papermill did, else say what kind of problem it was."""
    cell = getattr(problem, "cell_index", None)
    if cell is None:
        return f"{type(problem).__name__}: {str(problem).strip()[-500:]}"
    count = getattr(problem, "exec_count", None)
    source = str(getattr(problem, "source", "")).strip().splitlines()
    first = f", which begins {source[0]!r}" if source else ""
    return (
        f"cell {cell} (In [{count}]{first}) raised "
        f"{getattr(problem, 'ename', 'an error')}: {getattr(problem, 'evalue', '')}"
    )


def _outcome(work: Future[Run], name: str) -> Run:
    try:
        return work.result()
    except Exception as problem:  # the pool's process itself died
        return Run(name, 0.0, f"its process ended ({type(problem).__name__}: {problem})")


def _note_times(build: Path, done: Mapping[str, Run]) -> None:
    times = run_times(build) | {run.name: round(run.seconds, 1) for run in done.values() if run.ok}
    write_text_atomic(build / TIMES, canonical_json(times))
