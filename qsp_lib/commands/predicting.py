"""``qsp-crs predict``: the severity of one drug, or of several one after the other."""

from __future__ import annotations

import argparse

from .. import prediction, protocol
from ..common import InputError
from .common import DONE, Commands, Seldom, command, folder, show
from .times import hours, several_hours


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare ``predict``."""
    parser = command(
        commands,
        "predict",
        _predict,
        "predict a drug's cytokine release from the locked network",
        description="Peaks with their times, severity with its interval, and every assumption "
        "used, for a drug that comes with the package or a drug file of your own "
        "(qsp-crs new-drug writes one). A research model: not for choosing a dose.",
        examples=(
            "predict my_drug.toml",
            "predict my_drug.toml --regimen full_at_once --interval",
            "predict my_drug.toml --regimen events.csv",
            "predict tgn1412 --tocilizumab 6h --tocilizumab 14h",
            "predict my_drug.toml --tocilizumab -24h --dexamethasone -1h --output predicted",
            "predict blinatumomab my_drug.toml --json --draws 1000",
        ),
        reads=True,
    )
    parser.add_argument(
        "drugs", nargs="+", metavar="DRUG", help="a .toml file, or a drug's name (see: drugs)"
    )
    add_regimen(parser)
    add_cover(parser)
    parser.add_argument(
        "--at",
        action="append",
        metavar="TIME",
        help="print the levels at this time as well; may be given again",
    )
    parser.add_argument(
        "--interval", action="store_true", help="print the intervals of peaks and times as well"
    )
    add_draws(parser)
    add_engine(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=folder,
        metavar="DIR",
        help="write NAME-REGIMEN.json, .csv and .png there",
    )


def add_regimen(parser: argparse.ArgumentParser) -> None:
    """``--regimen``, and how its amounts are read if it is a file."""
    parser.add_argument(
        "--regimen",
        default="clinical",
        metavar="KEY",
        help="of the drug file (default: clinical), or a .csv of event rows: TIME, AMT, RATE, "
        "CMT, EVID, II, ADDL, units in the header as in AMT (mg)",
    )


def add_cover(parser: argparse.ArgumentParser, *, horizon: bool = True) -> None:
    """What is given beside the drug, and how long all of it is followed."""
    parser.add_argument(
        "--tocilizumab",
        action="append",
        metavar="TIME",
        help="give it at this time, on the clock of the regimen's doses, such as 6h, 1d, 90min or "
        "-24h; may be given again for repeats. Courses with and without are printed",
    )
    parser.add_argument(
        "--tocilizumab-dose",
        metavar="AMOUNT",
        help="such as 8 mg/kg (the default; of the drug's patient, at most 800 mg) or 400 mg",
    )
    parser.add_argument(
        "--dexamethasone", action="append", metavar="TIME", help="the same of dexamethasone"
    )
    parser.add_argument("--dexamethasone-dose", metavar="AMOUNT", help="default 20 mg")
    parser.add_argument("--dexamethasone-route", choices=("IV", "oral"), help="default IV")
    if horizon:
        parser.add_argument(
            "--horizon",
            metavar="TIME",
            help="follow so long; default every dose and two weeks after the last",
        )


def add_draws(
    parser: argparse.ArgumentParser, default: int = 200, none: str = "; 0 for no interval"
) -> None:
    """How many draws, of which seed, and what a drug file may leave out."""
    parser.add_argument("--draws", type=int, metavar="N", help=f"default {default}{none}")
    parser.add_argument("--seed", type=int, metavar="N", help="default: the lock record's own")
    add_lock(parser)
    add_class_defaults(parser, ", and name it in the output")


def add_engine(parser: argparse.ArgumentParser) -> None:
    """``--engine``, of what simulates enough for it to matter."""
    parser.add_argument(
        "--engine",
        metavar="NAME",
        help="another than the lock record's, and named in the output: fast took three tenths "
        "less time than the default for each simulation where it was measured, is within 1e-5 of "
        "each state's largest value, and needs pip install 'qsp-crs[fast]'",
    )


def draws_of(options: argparse.Namespace) -> int:
    """How many draws the options ask for, if there are as many: asked before anything is run."""
    n_draws: int = prediction.N_DRAWS if options.draws is None else options.draws
    prediction.require_draws(n_draws, options.seed, protocol.record_of(options.lock))
    return n_draws


def add_lock(parser: argparse.ArgumentParser) -> None:
    """``--lock``, of what rests on a lock record."""
    parser.add_argument(
        "--lock",
        metavar="VERSION",
        help="rest on this lock, such as v1 (default: the one that the book stands on)",
    )


def add_class_defaults(parser: argparse.ArgumentParser, besides: str = "") -> None:
    """``--class-defaults``, of what reads a drug file that leaves numbers out."""
    parser.add_argument(
        "--class-defaults",
        action="store_true",
        help=f"take what the file leaves out from the drug's class{besides}",
    )


def cover_of(options: argparse.Namespace) -> prediction.Cover:
    """The co-medication that the options ask for.

    Raises:
        InputError: an amount or a route of what is not given, or a time that is none.
    """
    for name, more in (("tocilizumab", ("dose",)), ("dexamethasone", ("dose", "route"))):
        for kind in more:
            if getattr(options, f"{name}_{kind}") is not None and not getattr(options, name):
                raise InputError(
                    f"--{name}-{kind} was given without a time; expected --{name} TIME as well."
                )
    given = {
        "tocilizumab_h": several_hours("--tocilizumab", options.tocilizumab),
        "dexamethasone_h": several_hours("--dexamethasone", options.dexamethasone),
        "tocilizumab": options.tocilizumab_dose,
        "dexamethasone": options.dexamethasone_dose,
        "route": options.dexamethasone_route,
    }
    return prediction.Cover(**{name: value for name, value in given.items() if value is not None})


def setting_of(
    options: argparse.Namespace, drug: str, regimen: str | None = None
) -> prediction.Setup:
    """A drug as the options have it, by their regimen or another one, on the lock they name."""
    return prediction.prepare(
        drug,
        protocol.record_of(options.lock),
        regimen=options.regimen if regimen is None else regimen,
        cover=cover_of(options),
        horizon_h=hours("--horizon", getattr(options, "horizon", None)),
        class_defaults=options.class_defaults,
        engine=getattr(options, "engine", None),
    )


def _predict(options: argparse.Namespace) -> int:
    asked_h = several_hours("--at", options.at)
    n_draws = draws_of(options)
    if options.interval and not n_draws:
        raise InputError(
            "--interval was given with 0 draws, which have none; expected some draws, or no "
            "--interval."
        )
    settings = [setting_of(options, drug) for drug in options.drugs]
    if options.output is not None:
        names = [prediction.names_of_files(s.inputs.name, s.regimen_key) for s in settings]
        if len(set(names)) < len(names):
            raise InputError(
                f"Two of {', '.join(options.drugs)} are called the same, and one would be written "
                "over the other; give each drug a name of its own."
            )
        prediction.require_writable(options.output, [name for some in names for name in some])
    found = [
        prediction.run(
            setting, n_draws=n_draws, seed=options.seed, asked_h=asked_h, progress=Progress()
        )
        for setting in settings
    ]
    written = []
    if options.output is not None:
        written = [path for each in found for path in prediction.write(each, options.output)]
    text = "\n".join(prediction.as_text(each, intervals=options.interval) for each in found)
    show(options, text=text, as_json=prediction.as_json(*found), written=written)
    return DONE


class Progress(Seldom):
    """How many draws of a long prediction are done."""

    def __call__(self, done: int, of: int) -> None:
        if done < of:
            self.warn(f"{done} of {of} draws")
