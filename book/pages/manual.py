"""Pieces of the user's manual that are made by the code they are about."""

from __future__ import annotations

import argparse
import tempfile
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from qsp_lib import own_data
from qsp_lib.__main__ import build_parser
from qsp_lib.common import decimals, number, percent
from qsp_lib.drugs import defaults_of_class, fill
from qsp_lib.prediction import Arm, Prediction, as_text, predict, span, write_template
from qsp_lib.protocol import current_record

from .fragments import BookData, fragment, table

STEP_UP, AT_ONCE = "clinical", "full_at_once"
TOCILIZUMAB_H = 2.0
FITTED_DRAWS = 200
"""Draws of the fit that the page shows."""


def template_path(mechanism: str = "bispecific") -> Path:
    """Where the template of a drug file is."""
    return Path(str(resources.files("qsp_lib"))) / "data" / "templates" / f"{mechanism}.toml"


@lru_cache(maxsize=4)
def example(regimen: str, tocilizumab_h: float | None = None) -> Prediction:
    """The prediction of the template's made-up bispecific."""
    return predict(template_path(), current_record(), regimen=regimen, tocilizumab_h=tocilizumab_h)


@fragment("own_drug_file")
def own_drug_file(_book: BookData) -> str:
    """The template of a drug file, as ``new-drug`` writes it."""
    return f"```toml\n{template_path().read_text(encoding='utf-8')}```\n"


@fragment("own_drug_output")
def own_drug_output(_book: BookData) -> str:
    """What ``predict`` prints of the template."""
    return f"```text\n{as_text(example(STEP_UP))}```\n"


@fragment("own_drug_regimens")
def own_drug_regimens(_book: BookData) -> str:
    """The template's two regimens side by side, and the second with tocilizumab, as medians."""
    at_once = example(AT_ONCE, TOCILIZUMAB_H)
    treated = at_once.treated
    assert treated is not None
    rows = [
        _row(example(STEP_UP).regimen_label, example(STEP_UP).untreated),
        _row(at_once.regimen_label, at_once.untreated),
        _row(f"the same, tocilizumab at {number(TOCILIZUMAB_H)} h", treated),
    ]
    return table(
        (
            "regimen",
            "highest IL-6 (pg/mL)",
            "at (h)",
            "severity z",
            "5–95 %",
            "locked point",
            "grade",
        ),
        rows,
    )


@fragment("own_data_file")
def own_data_file(_book: BookData) -> str:
    """The example of measured cytokines, as ``new-data`` writes it."""
    path = Path(str(resources.files("qsp_lib"))) / "data" / "templates" / "cohort.csv"
    return f"```text\n{path.read_text(encoding='utf-8')}```\n"


@fragment("own_data_output")
def own_data_output(_book: BookData) -> str:
    """What ``fit`` prints of the example and the template of a drug under the skin."""
    return f"```text\n{own_data.as_text(fitted_example())}```\n"


@lru_cache(maxsize=1)
def fitted_example() -> own_data.Bands:
    """The fit that the page's commands make."""
    with tempfile.TemporaryDirectory() as name:
        drug = write_template(Path(name) / "under_the_skin.toml", "bispecific", "subcutaneous")[0]
        data = own_data.write_example(Path(name) / "cohort.csv")
        posed = own_data.pose(drug, data, current_record())
    return own_data.Bands(own_data.solve(posed, n_draws=FITTED_DRAWS))


@fragment("own_drug_reading")
def own_drug_reading(_book: BookData) -> str:
    """The interval of the example in words."""
    arm = example(STEP_UP).untreated
    shares = arm.grade_shares
    assert shares is not None
    low, high = (10.0 ** (z or 0.0) for z in (arm.severity.low, arm.severity.high))
    graded = ", ".join(f"{percent(share)} in grade {g}" for g, share in enumerate(shares) if share)
    return (
        f"In the example the median index is {decimals(arm.severity.central, 2)}, with an interval "
        f"from {span(arm.severity, 2)}: the IL-6 signal peaks between "
        f"{decimals(low, 0)} and {decimals(high, 0)} times the healthy level. The locked point has "
        f"{decimals(arm.severity.locked_point, 2)}. Of the draws, {graded}. The "
        "grades are illustrative; the interval says how well the data know the parameters, and "
        "nothing of the people who differ ([chapter 9](../notebooks/09_population.ipynb)).\n"
    )


@fragment("class_defaults")
def class_default_table(_book: BookData) -> str:
    """Which numbers have a class default, and what it is."""
    rows = []
    for mechanism in ("bispecific", "monoclonal"):
        content: dict[str, Any] = {"mechanism": mechanism}
        fill("the class", content, take_missing=True)
        for name in defaults_of_class(mechanism):
            section, _, short = name.partition(".")
            given = content[section][short]
            if "same_as" in given:
                value = f"as fitted to {given['same_as']}"
            else:
                value = f"{given['value']:g} {given['unit']}".removesuffix(" 1")
            rows.append((mechanism, section, f"`{short}`", value, ", ".join(given["source"])))
    return table(("mechanism", "section", "number", "class default", "source"), rows)


@fragment("command_line")
def command_line(_book: BookData) -> str:
    """The help of every command."""
    parts = []
    for name, parser in commands(build_parser()):
        parts.append(f"## {name}\n\n```text\n{parser.format_help().rstrip()}\n```\n")
    return "\n".join(parts)


def commands(parser: argparse.ArgumentParser) -> list[tuple[str, argparse.ArgumentParser]]:
    """The parsers of all commands by their full names, actions of a command in its place."""
    found: list[tuple[str, argparse.ArgumentParser]] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                below = commands(child)
                found += below or [(child.prog, child)]
    return found


def _row(label: str, arm: Arm) -> tuple[str, ...]:
    peak, time = arm.peaks["IL6"], arm.peak_times["IL6"]
    return (
        label,
        number(peak.central),
        number(time.central),
        decimals(arm.severity.central, 2),
        span(arm.severity, 2),
        decimals(arm.severity.locked_point, 2),
        str(arm.grade),
    )
