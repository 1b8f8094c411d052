"""``qsp-crs compare``, ``first-dose``, ``steps`` and ``gap``: what to give, on one locked model."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from .. import drugs, prediction
from ..common import InputError
from .common import DONE, Commands, command, folder, print_json, print_lines, show
from .predicting import Progress, add_cover, add_draws, add_regimen, draws_of, setting_of
from .times import several_hours

NOT_FOR_PATIENTS = "A research model: not for choosing a dose for anyone."
GRADE_2 = "grade2"


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare them."""
    compare = command(
        commands,
        "compare",
        _compare,
        "set regimens, drugs or covers side by side, with intervals of their differences",
        description="One table and one figure of several courses, each draw the same network in "
        f"all of them. {NOT_FOR_PATIENTS}",
        examples=(
            "compare my_drug.toml --regimen clinical --regimen full_at_once",
            "compare my_drug.toml blinatumomab --output compared",
            "compare my_drug.toml --regimen clinical --tocilizumab -1h",
        ),
        reads=True,
    )
    compare.add_argument("drugs", nargs="+", metavar="DRUG", help="a .toml file, or a drug's name")
    compare.add_argument(
        "--regimen",
        action="append",
        metavar="KEY",
        help="of each drug, or a .csv of event rows; may be given again (default: clinical)",
    )
    add_cover(compare)
    add_draws(compare)
    compare.add_argument(
        "-o", "--output", type=folder, metavar="DIR", help="write compare-NAME.json, .csv and .png"
    )
    first = command(
        commands,
        "first-dose",
        _first_dose,
        "find the highest first dose that keeps severity below a limit",
        description="The highest first dose at which no more than a share of the draws pass a "
        "severity index, beside the doses at 10 and 20 % receptor occupancy. "
        f"{NOT_FOR_PATIENTS}",
        examples=(
            "first-dose my_drug.toml",
            "first-dose my_drug.toml --limit 1.5 --share 0.05 --tocilizumab -1h",
        ),
        reads=True,
    )
    steps = command(
        commands,
        "steps",
        _steps,
        "find the steps up that reach the full dose soonest below a limit",
        description="Amounts and gaps of a step-up that keeps every step below a severity index "
        f"in all but a share of the draws. {NOT_FOR_PATIENTS}",
        examples=(
            "steps my_drug.toml",
            "steps my_drug.toml --full 10mg --limit 2 --gaps 1d,3d,7d --most-steps 2",
        ),
        reads=True,
    )
    steps.add_argument(
        "--full", metavar="AMOUNT", help="the full dose, such as 10 mg; default the regimen's top"
    )
    steps.add_argument("--gaps", metavar="TIMES", default="1d,2d,3d,7d", help="default 1d,2d,3d,7d")
    steps.add_argument(
        "--most-steps", type=int, default=3, metavar="N", help="before the full dose (default 3)"
    )
    for parser, draws in ((first, 200), (steps, 100)):
        parser.add_argument("drug", metavar="DRUG", help="a .toml file, or a drug's name")
        add_regimen(parser)
        parser.add_argument(
            "--limit",
            default=GRADE_2,
            metavar="Z",
            help="severity index that is the limit, or grade1 to grade4 for where those begin "
            f"(default {GRADE_2})",
        )
        parser.add_argument(
            "--share", type=float, default=0.1, metavar="P", help="of draws over it (default 0.1)"
        )
        add_cover(parser, horizon=False)
        add_draws(parser, draws, none="")
    gap = command(
        commands,
        "gap",
        _gap,
        "predict a restart after missed doses, at each step",
        description="Severity after restarting a regimen at an earlier step or the one that was "
        f"due, so many days late. {NOT_FOR_PATIENTS}",
        examples=(
            "gap my_drug.toml --received 2 --missed 3d",
            "gap my_drug.toml --received 2 --missed 2d --missed 7d --restart 1 --restart 3",
        ),
        reads=True,
    )
    gap.add_argument("drug", metavar="DRUG", help="a .toml file, or a drug's name")
    add_regimen(gap)
    gap.add_argument(
        "--received", type=int, required=True, metavar="N", help="steps given before the gap"
    )
    gap.add_argument(
        "--missed",
        action="append",
        required=True,
        metavar="TIME",
        help="how much later than due, such as 7d; may be given again",
    )
    gap.add_argument(
        "--restart",
        action="append",
        type=int,
        metavar="N",
        help="at this step, 1 for the first; may be given again (default: each up to the one due)",
    )
    add_cover(gap, horizon=False)
    add_draws(gap)


def _compare(options: argparse.Namespace) -> int:
    n_draws = draws_of(options)
    settings = [
        setting_of(options, drug, regimen)
        for drug in options.drugs
        for regimen in options.regimen or ["clinical"]
    ]
    prediction.require_comparable(settings)
    stem = f"compare-{settings[0].inputs.name}"
    names = [f"{stem}.{kind}" for kind in ("json", "csv", "png")]
    if options.output is not None:
        prediction.require_writable(options.output, names)
    found = prediction.compare(
        [
            prediction.run(setting, n_draws=n_draws, seed=options.seed, progress=Progress())
            for setting in settings
        ]
    )
    written: tuple[Path, ...] = ()
    if options.output is not None:
        data = (
            prediction.comparison_json(found).encode(),
            prediction.comparison_csv(found).encode(),
            prediction.png(lambda: prediction.comparison_figure(found)),
        )
        written = prediction.write_into(options.output, dict(zip(names, data, strict=True)))
    text = prediction.comparison_text(found)
    show(options, text=text, as_json=prediction.comparison_json(found), written=written)
    return DONE


def _goal(options: argparse.Namespace, setting: prediction.Setup) -> prediction.Goal:
    return prediction.Goal(limit_of(options.limit, setting), options.share)


def limit_of(text: str, setting: prediction.Setup) -> float:
    """A limit as a number, or as where a grade begins.

    Raises:
        InputError: neither.
    """
    known = vars(setting.record.boundaries)
    named = known.get(re.sub(r"^grade[ _-]?(\d)$", r"grade_\1", text.strip().lower()))
    try:
        return float(text) if named is None else float(named)
    except ValueError:
        raise InputError(
            f"--limit {text!r} was given; expected a severity index such as 1.5, or grade1 to "
            "grade4."
        ) from None


def _first_dose(options: argparse.Namespace) -> int:
    setting = setting_of(options, options.drug)
    found = prediction.first_dose(
        setting,
        _goal(options, setting),
        n_draws=200 if options.draws is None else options.draws,
        seed=options.seed,
    )
    return _say(prediction.first_dose_dict(found), prediction.first_dose_text(found), options.json)


def _steps(options: argparse.Namespace) -> int:
    setting = setting_of(options, options.drug)
    full = options.full
    found = prediction.steps_up(
        setting,
        _goal(options, setting),
        None if full is None else drugs.dose_for("--full", full, setting.inputs.weight_kg)[0],
        gaps_h=several_hours("--gaps", options.gaps.split(","), plain=False),
        most_steps=options.most_steps,
        n_draws=100 if options.draws is None else options.draws,
        seed=options.seed,
    )
    return _say(prediction.steps_dict(found), prediction.steps_text(found), options.json)


def _gap(options: argparse.Namespace) -> int:
    found = prediction.after_gap(
        setting_of(options, options.drug),
        options.received,
        several_hours("--missed", options.missed, plain=False),
        tuple(options.restart or ()),
        n_draws=draws_of(options),
        seed=options.seed,
    )
    return _say(prediction.gap_dict(found), prediction.gap_text(found), options.json)


def _say(values: dict[str, object], text: str, as_json: bool) -> int:
    if as_json:
        print_json(values)
    else:
        print_lines(text.splitlines())
    return DONE
