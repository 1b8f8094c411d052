"""``qsp-crs population``: a drug in virtual patients."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import prediction
from .common import DONE, Commands, add_long_run, command, folder, show, where_it_runs
from .dosing import limit_of
from .predicting import add_class_defaults, add_cover, add_engine, add_lock, add_regimen, setting_of


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare it."""
    parser = command(
        commands,
        "population",
        _population,
        "simulate a drug in patients who differ, and say how many pass a limit",
        description="Percentiles over virtual patients of the severity index and of the highest "
        "IL-6, and the share of patients above a limit, each with its interval over draws of the "
        "posterior and its Monte-Carlo error. How much patients differ is declared, and held to "
        "the published spread of blinatumomab. A research model: not a forecast of who falls ill.",
        examples=(
            "population my_drug.toml",
            "population my_drug.toml --regimen full_at_once --draws 100 --patients 400",
            "population my_drug.toml --dexamethasone -1h --limit grade2 --output people",
            "population blinatumomab --horizon 7d --json",
            "population my_drug.toml --cluster tcp://host:8786 --checkpoint kept",
        ),
        reads=True,
    )
    parser.add_argument("drug", metavar="DRUG", help="a .toml file, or a drug's name")
    add_regimen(parser)
    add_cover(parser)
    parser.add_argument(
        "--draws",
        type=int,
        metavar="N",
        help="draws of the posterior (default: a few dozen, as printed)",
    )
    parser.add_argument(
        "--patients",
        type=int,
        metavar="N",
        help="patients in each draw who are weighted (default: a thousand); of these, a hundred "
        "drawn by their weights get the drug",
    )
    parser.add_argument(
        "--limit",
        metavar="Z",
        help="severity index to count patients above, or grade1 to grade4 for where those begin; "
        "default the one that a published incidence sets (EA038)",
    )
    parser.add_argument(
        "--least-effective",
        type=float,
        metavar="N",
        help="effective patients below which a draw counts as too few (default: as printed)",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="default: the lock record's own")
    add_lock(parser)
    add_class_defaults(parser, ", and name it in the output")
    add_engine(parser)
    add_long_run(parser, on_cluster=True)
    parser.add_argument(
        "-o",
        "--output",
        type=folder,
        metavar="DIR",
        help="write population-NAME-REGIMEN.json and .csv there",
    )


def _population(options: argparse.Namespace) -> int:
    setting = setting_of(options, options.drug)
    limit = None if options.limit is None else limit_of(options.limit, setting)
    given = {
        "n_draws": options.draws,
        "n_patients": options.patients,
        "seed": options.seed,
        "limit": limit,
        "least_effective": options.least_effective,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    asked = prediction.PopulationQuestion(setting, **chosen)
    names = prediction.names_of_population(setting.inputs.name, setting.regimen_key)
    if options.output is not None:
        prediction.require_writable(options.output, names)
    with where_it_runs(options) as where:
        found = prediction.populate(asked, checkpoint=options.checkpoint, **where)
    written: tuple[Path, ...] = ()
    if options.output is not None:
        texts = prediction.population_json(found), prediction.population_csv(found)
        data = (text.encode() for text in texts)
        written = prediction.write_into(options.output, dict(zip(names, data, strict=True)))
    text = prediction.population_text(found)
    show(options, text=text, as_json=prediction.population_json(found), written=written)
    return DONE
