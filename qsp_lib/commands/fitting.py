"""``qsp-crs fit`` and ``new-data``: a drug's own rates from cytokines of a first cohort."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from .. import own_data, prediction, protocol
from ..common import InputError, percent
from .common import DONE, Commands, Seldom, command, folder, print_lines, show, warn
from .predicting import add_class_defaults, add_lock

ESTIMATED, N_DRAWS = "k_act,k_exh", 1_000
"""What is estimated and how many draws are made if nothing is said; told here for a quick help."""


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare ``fit`` and ``new-data``."""
    parser = command(
        commands,
        "fit",
        _fit,
        "fit a drug's own rates to cytokines of a first cohort, the network locked",
        description="Estimates k_act and k_exh (or others) of a drug file of your own from "
        "measured courses or peaks, with the uncertainty of the locked network carried through, "
        "and writes the posterior as a drug file that predict reads. A research model: not for "
        "choosing a dose.",
        examples=(
            "fit my_drug.toml cohort.csv --output fitted",
            "fit my_drug.toml cohort.csv --estimate k_act,k_exh,EC50 --prior-sd EC50=0.3",
            "predict fitted/my-drug-fitted.toml --interval",
        ),
        reads=True,
    )
    parser.add_argument("drug", metavar="DRUG", help="a .toml file of your own")
    parser.add_argument(
        "data",
        metavar="DATA",
        help="a .csv with columns time (h), analyte, value (pg/mL) and, as needed, regimen or "
        "dose, id, censored (below, above), lloq, uloq; a time may be peak or peak 0-48",
    )
    parser.add_argument(
        "--estimate",
        default=ESTIMATED,
        metavar="NAMES",
        help=f"of k_act, k_exh, k_kill, k_rec, EC50 and h (default {ESTIMATED})",
    )
    parser.add_argument(
        "--prior-sd",
        action="append",
        metavar="NAME=SD",
        help="log10 sd of a prior, in place of the drug file's; may be given again",
    )
    parser.add_argument(
        "--draws",
        type=int,
        metavar="N",
        default=N_DRAWS,
        help=f"of the posterior, 200 to 4000 (default {N_DRAWS})",
    )
    parser.add_argument(
        "--workers", type=int, default=2, help="processes of a long fit (default 2)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="default: the lock record's own")
    add_lock(parser)
    add_class_defaults(parser, ", and name it in the output")
    parser.add_argument(
        "-o",
        "--output",
        type=folder,
        metavar="DIR",
        help="write NAME-fit.json, tables, a figure and NAME-fitted.toml with its draws there",
    )
    new = command(
        commands,
        "new-data",
        _new_data,
        "write an example of measured cytokines to start from, as fit reads them",
        examples=("new-data cohort.csv",),
    )
    new.add_argument("file", metavar="FILE", help="a .csv file that does not exist yet")


def _new_data(options: argparse.Namespace) -> int:
    path = own_data.write_example(options.file)
    print_lines([f"wrote {path}; edit it, then: qsp-crs fit DRUG {path}"])
    return DONE


def _fit(options: argparse.Namespace) -> int:
    own_data.require_draws(options.draws)
    problem = own_data.pose(
        options.drug,
        options.data,
        protocol.record_of(options.lock),
        estimate=[name.strip() for name in options.estimate.split(",") if name.strip()],
        widths=_widths(options.prior_sd or ()),
        seed=options.seed,
        class_defaults=options.class_defaults,
    )
    if options.output is not None:
        file = problem.setting.file
        names = own_data.names_of_files(file.inputs.name, file.table.get("file"))
        prediction.require_writable(options.output, names)
    fit = own_data.solve(
        problem, n_draws=options.draws, workers=options.workers, progress=_Progress()
    )
    bands = own_data.Bands(fit)
    written = []
    if options.output is not None:
        written = [*own_data.write(bands, options.drug, options.output)]
    if options.json:
        # a reader's text has them in it
        for words in own_data.warnings_of(fit):
            warn(f"warning: {words}")
    show(options, text=own_data.as_text(bands), as_json=own_data.as_json(bands), written=written)
    return DONE


def _widths(given: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in given:
        name, _, number = text.partition("=")
        try:
            width = float(number)
        except ValueError:
            width = 0.0
        if not width > 0 or name.strip() in found:
            raise InputError(
                f"--prior-sd {text!r} was given; expected a name and a log10 sd above 0, each name "
                "once, such as k_exh=0.3."
            )
        found[name.strip()] = width
    return found


class _Progress(Seldom):
    """How much of its data a long fit has taken in."""

    def __call__(self, temper: float) -> None:
        if temper < 1.0:
            self.warn(f"{percent(temper)} of what the data say is let in")
