"""The command line, ``python -m qsp_lib``, which is also installed as ``qsp-crs``."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Sequence
from functools import cache

from . import __version__
from .commands import (
    checking,
    dosing,
    drugs,
    exporting,
    fitting,
    locks,
    population,
    predicting,
    profiling,
    provenance,
    running,
    sampling,
    times,
)
from .commands.common import REFUSED, Help, add_debug, warn
from .common import QspError, stops_in_order

GROUPS = (
    predicting,
    dosing,
    fitting,
    population,
    drugs,
    provenance,
    locks,
    exporting,
    running,
    profiling,
    sampling,
    checking,
)
_STOPPED = 130

_EPILOG = """\
examples:
  qsp-crs new-drug my_drug.toml      write a drug file to start from
  qsp-crs predict my_drug.toml       predict its cytokine release from the locked network
  qsp-crs evidence k_fb              where a number comes from
  qsp-crs run                        execute every chapter
  qsp-crs COMMAND --help             options and examples of one command

exit codes:
  0  it did its job
  1  it was refused or failed; one line on stderr says why
  2  the command line was wrong
"""


@cache
def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands, made once; each sets ``act``, called with what was parsed."""
    parser = argparse.ArgumentParser(
        prog="qsp-crs",
        description="Predict a drug's cytokine release, trace a number, run the chapters.",
        epilog=_EPILOG,
        formatter_class=Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"qsp_lib {__version__}")
    add_debug(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for group in GROUPS:
        group.add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: as on the command line, without the program's name; default those given.

    Returns:
        0 if it did its job, 1 if it was refused or failed, 130 if it was interrupted; a wrong
        command line exits with 2, and a request to end with 143.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    _print_anything()
    options = build_parser().parse_args(running.split_parameters(times.join_times(given)))
    debug = getattr(options, "debug", False)
    try:
        with stops_in_order():
            code: int = options.act(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read the output, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except KeyboardInterrupt:
        warn("stopped")
        return _STOPPED
    except SystemExit:
        warn("stopped")
        raise
    except QspError as problem:
        if debug:
            traceback.print_exc()
        else:
            warn(f"error: {problem}")
    except Exception as problem:  # a fault of the program, which a user cannot do much about
        if debug:
            raise
        words = " ".join(str(problem).split())
        warn(f"error: {type(problem).__name__}: {words} (--debug shows where)")
    return REFUSED


def _print_anything() -> None:
    """Let a letter that a terminal's encoding lacks be written out as its number, not end a run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    raise SystemExit(main())
