"""``qsp-crs run`` and ``qsp-crs site``: the chapters and the book."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import chapters
from ..common import InputError, decimals
from .common import (
    DONE,
    REFUSED,
    Commands,
    command,
    print_json,
    print_lines,
    print_table,
    tell,
    warn,
)

if TYPE_CHECKING:
    from ..chapters import Run


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare ``run`` and ``site``."""
    run = command(
        commands,
        "run",
        _run,
        "execute chapters",
        description="Execute chapters into _build, in order, side by side where they do not "
        "depend on each other; or refresh the committed ones in place. A chapter that fails is "
        "named with its cell, and the last good output stays.",
        examples=(
            "run",
            "run --list",
            "run calibration -p n_starts=32",
            "run 4 5 --jobs 2",
            "run --in-place",
        ),
        reads=True,
    )
    run.add_argument("chapters", nargs="*", metavar="CHAPTER", help="name or number; default all")
    run.add_argument(
        "-p",
        "--parameter",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter of the one chapter named, also NAME=VALUE; the output goes to "
        "_build/trial",
    )
    run.add_argument("-l", "--list", action="store_true", help="list chapters and parameters")
    run.add_argument("-j", "--jobs", type=int, default=2, help="side by side (default 2)")
    run.add_argument("--in-place", action="store_true", help="refresh notebooks/ and results/")
    run.add_argument("--cell-timeout", type=int, default=3600, metavar="S", help="default 3600 s")

    site = command(
        commands,
        "site",
        _site,
        "build the book",
        description="Build the book into _build/html from the committed chapters and results.",
    )
    site.add_argument(
        "--executed",
        action="store_true",
        help="use the chapters and results that `run` left in _build instead",
    )


def split_parameters(arguments: list[str]) -> list[str]:
    """``-p name=value`` as ``-p name value``, which is how papermill writes it.

    >>> split_parameters(["run", "1", "-p", "n=3", "-p", "m", "4"])
    ['run', '1', '-p', 'n', '3', '-p', 'm', '4']
    """
    given: list[str] = []
    for argument in arguments:
        after = bool(given) and given[-1] in ("-p", "--parameter")
        name, sign, value = argument.partition("=")
        given += [name, value] if after and sign and name.isidentifier() else [argument]
    return given


def _run(options: argparse.Namespace) -> int:

    names = [chapters.find_chapter(name) for name in options.chapters] or chapters.chapter_names()
    if options.list:
        return _list(names, options.json)
    given = {}
    if options.parameter:
        if len(names) != 1:
            raise InputError(f"-p goes with one chapter; {len(names)} would run. Name one.")
        texts = dict(options.parameter)
        if len(texts) < len(options.parameter):
            raise InputError("-p was given twice for one parameter; expected each once.")
        given = {key: chapters.read_text(text) for key, text in texts.items()}
    runs = chapters.run_chapters(
        names,
        jobs=options.jobs,
        in_place=options.in_place,
        parameters=given,
        cell_timeout_s=options.cell_timeout,
        say=warn if options.json else tell,
    )
    if options.json:
        print_json([_run_dict(run) for run in runs])
    else:
        print_lines([""])
        print_table(
            ("chapter", "time", "status", "output"),
            [
                (run.name, f"{decimals(run.seconds, 0)} s", _status(run), _shown(run))
                for run in runs
            ],
        )
    failed = [run.name for run in runs if not run.ok]
    if failed:
        warn(f"error: {', '.join(failed)} did not run to the end; the last good output was kept.")
    return REFUSED if failed else DONE


def _list(names: Any, as_json: bool) -> int:

    declared = {name: chapters.declared_parameters(name) for name in names}
    if as_json:
        print_json(
            {
                name: {
                    key: {"expected": p.expected, "help": p.help, "default": p.default}
                    for key, p in parameters.items()
                }
                for name, parameters in declared.items()
            }
        )
        return DONE
    for name, parameters in declared.items():
        print_lines([name])
        print_lines([f"    {p}, default {p.default!r}" for p in parameters.values()])
    return DONE


def _run_dict(run: Run) -> dict[str, Any]:
    return {
        "chapter": run.name,
        "seconds": run.seconds,
        "ok": run.ok,
        "problem": run.problem,
        "output": run.output,
    }


def _status(run: Run) -> str:
    if run.ok:
        return "done"
    return "not run" if run.problem.startswith("not run") else "FAILED"


def _shown(run: Run) -> str:
    """Where the output is, from the current folder if it is below it."""
    path = Path(run.output)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else run.output


def _site(options: argparse.Namespace) -> int:
    """Build the book as the checkout's own program does: the package knows nothing of pages."""
    if not (chapters.ROOT / "book" / "__main__.py").is_file():
        raise InputError(
            f"there is no book in {chapters.ROOT}: it comes with the repository, not with the "
            "installed package. Clone the repository and build there."
        )
    arguments = ["build", "--executed"] if options.executed else ["build"]
    built = subprocess.run(
        [sys.executable, "-m", "book", *arguments], cwd=chapters.ROOT, check=False
    )
    return DONE if built.returncode == 0 else REFUSED
