"""``qsp-crs predict``: the severity of one drug."""

from __future__ import annotations

import argparse
import time

from .. import evidence, prediction, protocol
from ..common import InputError
from .common import DONE, Commands, command, folder, print_lines, warn

_SLOW_S = 2.0


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
            "predict tgn1412 --tocilizumab 6h",
            "predict my_drug.toml --tocilizumab=-24h --output predicted",
            "predict blinatumomab --regimen step --json --draws 1000",
        ),
        reads=True,
    )
    parser.add_argument("drug", metavar="DRUG", help="a .toml file, or a drug's name (see: drugs)")
    parser.add_argument("--regimen", default="clinical", metavar="KEY", help="default: clinical")
    parser.add_argument(
        "--tocilizumab",
        metavar="TIME",
        help="give 8 mg/kg at this time from the regimen's start, such as 6h, 1d or 90min; "
        "before it: =-24h. Both courses are printed",
    )
    parser.add_argument(
        "--horizon", metavar="TIME", help="follow so long; default a week after the last step up"
    )
    parser.add_argument(
        "--interval", action="store_true", help="print the intervals of peaks and times as well"
    )
    parser.add_argument(
        "--draws", type=int, default=None, metavar="N", help="default 200; 0 for no interval"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="default: the lock record's own")
    parser.add_argument(
        "--class-defaults",
        action="store_true",
        help="take what the file leaves out from the drug's class, and name it in the output",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=folder,
        metavar="DIR",
        help="write NAME-REGIMEN.json, .csv and .png there",
    )


def _predict(options: argparse.Namespace) -> int:
    tocilizumab_h = _hours("--tocilizumab", options.tocilizumab)
    horizon_h = _hours("--horizon", options.horizon)
    if options.seed is not None and options.seed < 0:
        raise InputError(f"--seed {options.seed} was given; expected 0 or more.")
    found = prediction.predict(
        options.drug,
        protocol.current_record(),
        regimen=options.regimen,
        tocilizumab_h=tocilizumab_h,
        horizon_h=horizon_h,
        n_draws=prediction.N_DRAWS if options.draws is None else options.draws,
        seed=options.seed,
        class_defaults=options.class_defaults,
        progress=_Progress(),
    )
    written = prediction.write(found, options.output) if options.output is not None else ()
    if options.json:
        print(prediction.as_json(found), end="")
    else:
        print_lines(prediction.as_text(found, intervals=options.interval).splitlines())
    for path in written:
        warn(f"wrote {path}")
    return DONE


def _hours(name: str, text: str | None) -> float | None:
    """A time in hours from text such as ``6h`` or ``-1 d``; a plain number is hours."""
    if text is None:
        return None

    try:
        return float(text) if _is_number(text) else evidence.parse(text, "h")
    except InputError as problem:
        raise InputError(f"{name}: {problem}") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class _Progress:
    """Says how far a long prediction has come; says nothing of a short one."""

    def __init__(self) -> None:
        self.said = time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        if done < of and time.monotonic() - self.said > _SLOW_S:
            self.said = time.monotonic()
            warn(f"{done} of {of} draws")
