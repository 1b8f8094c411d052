"""``python -m book``: build the site, print it, and renew what describes the checkout."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from qsp_lib.chapters import ROOT
from qsp_lib.common import QspError, stops_in_order


def build(options: argparse.Namespace) -> str:
    """Build the site into ``_build/html``."""
    from .site import site

    return f"the book is at {site.build(executed=options.executed)}"


def pdf(_options: argparse.Namespace) -> str:
    """Print the book, as the last build staged it, into ``_build/book.pdf``."""
    from qsp_lib.chapters import BUILD

    from .site.pdf import print_book

    return f"the whole book is at {print_book(BUILD, BUILD / 'book.pdf')}"


def release(_options: argparse.Namespace) -> str:
    """Put what a release attaches into ``_build/release``."""
    from qsp_lib.chapters import BUILD

    from .site import release as releasing

    folder = releasing.make(BUILD)
    return "\n".join(f"made {path}" for path in sorted(folder.iterdir()))


def chromium(_options: argparse.Namespace) -> str:
    """Say which browser prints and checks the pages."""
    from .site.browser import find_chromium

    return f"pages are drawn by {find_chromium()}"


def run_times(_options: argparse.Namespace) -> str:
    """Keep the times of the last run of all chapters for the status page."""
    from .site import run_times as times

    return times.keep()


def references(_options: argparse.Namespace) -> str:
    """Make the bibliography anew from the evidence tables."""
    from .pages import references as bibliography

    return bibliography.renew()


def metadata(_options: argparse.Namespace) -> str:
    """Renew the RO-Crate, which describes every file of the checkout."""
    from qsp_lib.protocol import current_record

    from .site import crate

    return f"wrote {crate.write(ROOT, current_record()).relative_to(ROOT)}"


ACTIONS: dict[str, Callable[[argparse.Namespace], str]] = {
    "build": build,
    "pdf": pdf,
    "release": release,
    "chromium": chromium,
    "run-times": run_times,
    "references": references,
    "metadata": metadata,
}


def main(arguments: list[str] | None = None) -> int:
    """Do one action and print what it says; 1, with the reason on stderr, if it was refused."""
    parser = argparse.ArgumentParser(prog="python -m book", description=__doc__)
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for name, act in ACTIONS.items():
        action = actions.add_parser(name, help=act.__doc__)
        action.set_defaults(act=act)
        if name == "build":
            action.add_argument(
                "--executed", action="store_true", help="the chapters that `run` left in _build"
            )
    options = parser.parse_args(arguments)
    try:
        with stops_in_order():
            print(options.act(options))
    except QspError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
