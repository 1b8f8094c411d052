"""Every option that is given counts, or is refused: none is overruled by another in silence."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_drugs import content, with_doses, written

from qsp_lib.__main__ import build_parser, main
from qsp_lib.commands.common import MISUSED, REFUSED

Printed = pytest.CaptureFixture[str]


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Every parser of a command that has no commands of its own."""
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    for action in below:
        for each in action.choices.values():
            yield from commands(each)
    if not below:
        yield parser


def refused(capsys: Printed, *words: str) -> str:
    assert main(words) == REFUSED
    return capsys.readouterr().err


def test_an_option_with_one_value_is_refused_the_second_time(capsys: Printed) -> None:
    tried = 0
    for parser in commands(build_parser()):
        for action in parser._actions:
            repeats = isinstance(action, argparse._AppendAction)
            if not action.option_strings or action.nargs == 0 or repeats:
                continue
            value = str(next(iter(action.choices or ("1",))))
            option = action.option_strings[-1]
            with pytest.raises(SystemExit) as stop:
                parser.parse_args([option, value, option, value])
            assert stop.value.code == MISUSED
            assert "given twice; expected once" in capsys.readouterr().err, (parser.prog, option)
            tried += 1
    assert tried > 60


def test_a_parser_forgets_what_it_was_given_before() -> None:
    parser = build_parser()
    for _ in range(2):
        assert parser.parse_args(["predict", "tgn1412", "--draws", "3"]).draws == 3


@pytest.mark.parametrize(
    "option",
    [
        ("--tocilizumab-dose", "8 mg/kg"),
        ("--dexamethasone-dose", "20 mg"),
        ("--dexamethasone-route", "IV"),
    ],
)
def test_cover_as_by_default_without_a_time_is_refused(
    capsys: Printed, option: tuple[str, str]
) -> None:
    message = refused(capsys, "predict", "tgn1412", "--draws", "0", *option)
    name = option[0].split("-")[2]
    assert f"{option[0]} was given without a time; expected --{name} TIME as well" in message


def test_a_gap_needs_a_unit(capsys: Printed) -> None:
    gap = ("gap", "tgn1412", "--received", "1", "--missed", "3")
    assert "--missed '3' was given without a unit; expected one, such as 3d" in refused(
        capsys, *gap
    )
    assert "--gaps '2' was given without a unit" in refused(
        capsys, "steps", "tgn1412", "--gaps", "1d,2"
    )


def test_drugs_that_are_called_the_same_are_not_compared(tmp_path: Path, capsys: Printed) -> None:
    first = written(tmp_path, content(), "a.toml")
    for change, kind in (({}, "name"), ({"name": "other"}, "label")):
        second = written(tmp_path, content(**change), "b.toml")
        message = refused(capsys, "compare", str(first), str(second), "--draws", "0")
        assert f"have the {kind} " in message and f"expected a {kind} of its own" in message
    written(tmp_path, content(name="other", label="Another drug"), "b.toml")
    assert main(("compare", str(first), str(tmp_path / "b.toml"), "--draws", "0")) == 0
    regimen = ("--regimen", "clinical", "--regimen", "clinical")
    assert "each regimen once" in refused(capsys, "compare", str(first), *regimen)


def test_a_first_dose_later_than_0_h_is_said_and_its_week_begins_with_it(
    tmp_path: Path, capsys: Printed
) -> None:
    found = {}
    for day in (0, 10):
        doses = [{"bolus": "1 mg", "time": f"{day} d"}]
        path = written(tmp_path, with_doses(doses), f"day{day}.toml")
        assert main(("predict", str(path), "--draws", "0")) == 0
        found[day] = capsys.readouterr().out
    week = {day: text.split("of the first 168 h")[1].split("\n")[0] for day, text in found.items()}
    assert week[10] == f" after the first dose, at 240 h{week[0]}"
    assert "the first is at 240 h; every time, that of cover too, is counted from 0 h" in found[10]
    assert "every time" not in found[0]
