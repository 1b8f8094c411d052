"""What the commands share: how they are declared, and how they print."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import common
from ..common import CLUSTER_CHUNK, cluster, short

_SLOW_S = 2.0
WIDTH = 92
"""Columns of the help."""

DONE, REFUSED, MISUSED = 0, 1, 2
"""Exit codes: it did its job; it was refused or failed; the command line was wrong."""

Commands = argparse._SubParsersAction  # argparse has no public name for it
Act = Callable[[argparse.Namespace], int]


class Once(argparse._StoreAction):
    """An option with one value, which may be given once: of two, one would be ignored."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        given = namespace.__dict__.setdefault("_given", set())
        if option_string is not None and self.dest in given:
            parser.error(f"argument {option_string}: given twice; expected once")
        given.add(self.dest)
        super().__call__(parser, namespace, values, option_string)


class Help(argparse.RawDescriptionHelpFormatter):
    """Help of one width, whatever the terminal's: it is also a page of the book."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=24, width=WIDTH)


def wrapped(text: str) -> str:
    """A text broken into lines of the help's width."""
    return textwrap.fill(text, WIDTH)


def command(
    commands: Commands[argparse.ArgumentParser],
    name: str,
    act: Act,
    summary: str,
    *,
    description: str = "",
    examples: Sequence[str] = (),
    reads: bool = False,
) -> argparse.ArgumentParser:
    """Declare a command.

    Args:
        commands: what the parser of the commands was given.
        name, summary: as listed by ``--help``.
        act: what runs it.
        description: what its own ``--help`` says above the options; default the summary.
        examples: command lines shown below them.
        reads: whether it only reads and prints, so that ``--json`` can be offered.
    """
    parser = commands.add_parser(
        name,
        help=summary,
        description=wrapped(description or f"{summary[0].upper()}{summary[1:]}."),
        epilog=_examples(examples),
        formatter_class=Help,
        allow_abbrev=False,
    )
    for kind in (None, "store"):
        parser.register("action", kind, Once)
    if reads:
        parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    add_debug(parser)
    parser.set_defaults(act=act)
    return parser


def folder(text: str) -> Path:
    """A folder as an option gives it; an empty one, which would be the current one, is refused."""
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty folder name was given; '.' is the current one")
    return Path(text)


def add_debug(parser: argparse.ArgumentParser) -> None:
    """``--debug``, which may stand before or after the name of a command."""
    parser.add_argument(
        "--debug",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print where in the code an error arose",
    )


def add_quick(parser: argparse.ArgumentParser) -> None:
    """``--quick``, of what verifies the records of the protocol."""
    parser.add_argument(
        "--quick",
        action="store_true",
        help="do not draw the predictions again from their records (ten seconds each)",
    )


def add_long_run(parser: argparse.ArgumentParser, *, on_cluster: bool = False) -> None:
    """``--workers`` and ``--checkpoint``, of what takes minutes or longer.

    Args:
        parser: of the command.
        on_cluster: whether it takes ``--cluster``, too; it then asks :func:`where_it_runs`.
    """
    where = parser.add_mutually_exclusive_group()
    # a default in letters is never taken for one that was given
    where.add_argument("--workers", type=int, default="2", help="processes (default 2)")
    if on_cluster:
        where.add_argument(
            "--cluster",
            metavar="ADDRESS",
            help="instead of processes of this machine, the workers of the dask scheduler at that "
            "address, such as tcp://host:8786; the result is the same",
        )
    parser.add_argument(
        "--checkpoint",
        type=folder,
        metavar="FOLDER",
        help="keep finished steps there, and go on from those that are there",
    )


@contextmanager
def where_it_runs(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The options of a sweep that say where it runs, as ``--workers`` or ``--cluster`` has it."""
    if options.cluster is None:
        yield {"workers": options.workers}
        return
    with cluster(options.cluster) as executor:
        yield {"executor": executor, "chunk": CLUSTER_CHUNK}


def print_json(value: Any) -> None:
    """Print plain values as JSON with sorted keys; infinities are null."""
    print_text(common.canonical_json(_finite(value)))


def print_text(text: str) -> None:
    """Print JSON as it is; letters that the terminal's encoding lacks are escaped as JSON does."""
    print(as_encoded(text, sys.stdout.encoding), end="")


def as_encoded(text: str, encoding: str | None) -> str:
    """JSON text in letters that an encoding has: others as JSON escapes them."""
    try:
        text.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return "".join(c if ord(c) < 128 else json.dumps(c)[1:-1] for c in text)
    return text


def print_lines(lines: Sequence[str]) -> None:
    """Print lines, with what a terminal would act on taken out."""
    for line in lines:
        print("".join(c if c.isprintable() else " " for c in line).rstrip())


def print_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows under their headings, columns aligned."""
    texts = [list(map(str, header)), *([_cell(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in texts) for i in range(len(header))]
    print_lines(["  ".join(t.ljust(w) for t, w in zip(row, widths, strict=True)) for row in texts])


def show(options: argparse.Namespace, *, text: str, as_json: str, written: Sequence[Path]) -> None:
    """Print an answer, as JSON if that is asked for, and say which files hold it."""
    if options.json:
        print_text(as_json)
    else:
        print_lines(text.splitlines())
    for path in written:
        warn(f"wrote {path}")


def tell(text: str) -> None:
    """Print a line at once: a long run's may go into a file that is being watched."""
    print(text, flush=True)


def warn(text: str) -> None:
    """Print a line on stderr."""
    print(text, file=sys.stderr, flush=True)


class Seldom:
    """Says how far a long run has come, every other second; says nothing of a short one."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def warn(self, text: str) -> None:
        """Print a line on stderr, if it is time for one."""
        if time.monotonic() - self._said > _SLOW_S:
            self._said = time.monotonic()
            warn(text)


def _examples(lines: Sequence[str]) -> str | None:
    return "examples:\n" + "\n".join(f"  qsp-crs {line}" for line in lines) if lines else None


def _cell(value: Any) -> str:
    return "" if value is None else short(value, 4)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not float("-inf") < value < float("inf"):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
