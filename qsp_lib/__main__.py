"""The command line: ``python -m qsp_lib COMMAND``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from . import __version__, chapters, protocol
from .errors import InputError, QspError


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; each sets ``act``, a function of the parsed arguments."""
    parser = argparse.ArgumentParser(prog="python -m qsp_lib", description=__doc__)
    parser.add_argument("--version", action="version", version=f"qsp_lib {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_run(commands)
    _add_site(commands)
    protocol.add_lock(commands)
    protocol.add_open(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it did its job, 1 if not, 2 for a wrong command line."""
    options = build_parser().parse_args(arguments)
    try:
        code: int = options.act(options)
    except QspError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    return code


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser(
        "run",
        help="execute chapters",
        description="Execute chapters into _build, or refresh the committed ones in place.",
    )
    run.add_argument("chapters", nargs="*", metavar="CHAPTER", help="name or number; default all")
    run.add_argument(
        "-p",
        "--parameter",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter of the one chapter named; the output goes to _build/trial",
    )
    run.add_argument("-l", "--list", action="store_true", help="list chapters and parameters")
    run.add_argument("-j", "--jobs", type=int, default=2, help="side by side (default 2)")
    run.add_argument("--in-place", action="store_true", help="refresh notebooks/ and results/")
    run.add_argument("--cell-timeout", type=int, default=3600, metavar="S", help="default 3600 s")
    run.set_defaults(act=_run)


def _run(options: argparse.Namespace) -> int:
    from . import runner

    names = [chapters.find_chapter(name) for name in options.chapters] or chapters.chapter_names()
    if options.list:
        for name in names:
            print(name)
            for parameter in chapters.declared_parameters(name).values():
                print(f"    {parameter}, default {parameter.default!r}")
        return 0
    given = {}
    if options.parameter:
        if len(names) != 1:
            raise InputError(f"-p goes with one chapter; {len(names)} would run. Name one.")
        declared = chapters.declared_parameters(names[0])
        texts = dict(options.parameter)
        unknown = {key: text for key, text in texts.items() if key not in declared}
        chapters.check_parameters(names[0], unknown, declared)
        given = {key: declared[key].parse(text) for key, text in texts.items()}
    runs = runner.run_chapters(
        names,
        jobs=options.jobs,
        in_place=options.in_place,
        parameters=given,
        cell_timeout_s=options.cell_timeout,
        say=lambda line: print(line, flush=True),
    )
    failed = [run.name for run in runs if not run.ok]
    if failed:
        print(
            f"error: {', '.join(failed)} did not run to the end; the last good output was kept.",
            file=sys.stderr,
        )
    return 1 if failed else 0


def _add_site(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    site = commands.add_parser(
        "site",
        help="build the book",
        description="Build the book into _build/html from the committed chapters and results.",
    )
    site.add_argument(
        "--executed",
        action="store_true",
        help="use the chapters and results that `run` left in _build instead",
    )
    site.set_defaults(act=_site)


def _site(options: argparse.Namespace) -> int:
    from . import site

    print(f"the book is at {site.build(executed=options.executed)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
