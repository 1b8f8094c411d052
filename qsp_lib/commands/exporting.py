"""``qsp-crs export``."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import export, prediction, protocol
from ..common import InputError, decimals
from .common import DONE, Commands, command, folder, print_lines
from .predicting import add_class_defaults, add_cover, add_lock, add_regimen, setting_of

PACKAGED, OWN = Path("exports"), Path("exported")
"""Where the locked model goes, and a drug of one's own, if nothing else is said."""


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare ``export``."""
    export = command(
        commands,
        "export",
        _export,
        "write the locked model, or one drug on it, in exchange formats for other tools",
        description=(
            "Write the locked model for other tools: SBML with each drug's doses, SED-ML and "
            "reference courses in a COMBINE archive, the joint fit in PEtab, and a manifest of "
            "what they were made from. With DRUG, one drug by one regimen: SBML, and an archive "
            "with its reference courses. Needs the libraries of the interop extra."
        ),
        examples=(
            "export",
            "export --output model",
            "export my_drug.toml --regimen full_at_once --tocilizumab 6h",
        ),
    )
    export.add_argument("drug", nargs="?", metavar="DRUG", help="a .toml file, or a drug's name")
    add_regimen(export)
    add_cover(export)
    add_class_defaults(export)
    add_lock(export)
    export.add_argument(
        "--output",
        type=folder,
        metavar="DIR",
        help=f"folder to write to (default: {PACKAGED}, or {OWN} for one drug)",
    )


def _export(options: argparse.Namespace) -> int:
    if options.drug is None:
        _refuse_what_is_of_one_drug(options)
        written = export.write(protocol.record_of(options.lock), options.output or PACKAGED)
    else:
        setting = setting_of(options, options.drug)
        target = options.output or OWN
        prediction.require_writable(target, export.names(setting))
        written = [*prediction.write_into(target, export.own_drug(setting))]
    print_lines(
        [f"wrote {path} ({decimals(path.stat().st_size / 1000, 0)} kB)" for path in written]
    )
    return DONE


def _refuse_what_is_of_one_drug(options: argparse.Namespace) -> None:
    given = [
        name
        for name, plain in (
            ("tocilizumab", None),
            ("tocilizumab_dose", None),
            ("dexamethasone", None),
            ("dexamethasone_dose", None),
            ("dexamethasone_route", None),
            ("horizon", None),
            ("regimen", "clinical"),
            ("class_defaults", False),
        )
        if getattr(options, name) != plain
    ]
    if given:
        raise InputError(
            f"--{given[0].replace('_', '-')} was given without a drug; expected the drug that it "
            "is of, or no such option."
        )
