"""``qsp-crs export``."""

from __future__ import annotations

import argparse

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
            "what they were made from. Needs the libraries of the interop extra. In a checkout it "
            "also renews what describes the whole: CITATION.cff, codemeta.json and the RO-Crate."
        ),
        examples=("export", "export --output model", "export --metadata"),
    )
    export.add_argument(
        "--output",
        type=folder,
        metavar="DIR",
        default="exports",
        help="folder to write to (default: exports)",
    )
    export.add_argument(
        "--metadata",
        action="store_true",
        help="only renew what describes the checkout; needs no further library",
    )


def _export(options: argparse.Namespace) -> int:
    from ..chapters import ROOT
    from ..export import citation, crate, everything
    from ..lock import current_record

    record, target = current_record(), options.output
    written = [] if options.metadata else everything.write(record, target)
    if options.metadata or target.resolve() == ROOT / "exports":
        # the crate holds the hashes of all else, so it comes last
        written += [*citation.write(ROOT), crate.write(ROOT, record)]
    print_lines([f"wrote {path} ({path.stat().st_size / 1000:.0f} kB)" for path in written])
    return DONE
