"""``qsp-crs export``."""

from __future__ import annotations

import argparse

from .. import export, protocol
from .common import DONE, Commands, command, folder, print_lines


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare ``export``."""
    export = command(
        commands,
        "export",
        _export,
        "write the locked model in exchange formats, for other tools",
        description=(
            "Write the locked model for other tools: SBML with each drug's doses, SED-ML and "
            "reference courses in a COMBINE archive, the joint fit in PEtab, and a manifest of "
            "what they were made from. Needs the libraries of the interop extra."
        ),
        examples=("export", "export --output model"),
    )
    export.add_argument(
        "--output",
        type=folder,
        metavar="DIR",
        default="exports",
        help="folder to write to (default: exports)",
    )


def _export(options: argparse.Namespace) -> int:

    written = export.write(protocol.current_record(), options.output)
    print_lines([f"wrote {path} ({path.stat().st_size / 1000:.0f} kB)" for path in written])
    return DONE
