"""The machinery gives the answers that are known, and the committed record says what it gave."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from benchmarks.known_answers import KnownAnswer, KnownAnswers, ask_all, read_record
from benchmarks.known_answers.answer import Scale
from benchmarks.known_answers.closed_forms import (
    HIRES_SOLUTION,
    HIRES_START,
    hires,
    saturable_concentration,
    wilson_ends,
)
from benchmarks.known_answers.exposure import exposure
from benchmarks.known_answers.forms import forms
from benchmarks.known_answers.inference import NEWCOMBE, inference
from benchmarks.known_answers.invariants import invariants
from benchmarks.known_answers.published import spread
from benchmarks.known_answers.record import RECORD, write_record
from benchmarks.known_answers.solvers import solve_hires, solvers
from qsp_lib.common.errors import EvidenceError, InputError
from qsp_lib.drugs.co_medications import load_tocilizumab
from qsp_lib.evidence.tables import load_tables

COMMITTED = {answer.name: answer for answer in read_record()}
ROUNDING = 1e-9
"""Errors below this are rounding, and differ between machines."""


@pytest.fixture(scope="module")
def asked() -> KnownAnswers:
    """Every known answer, asked now."""
    return ask_all()


@pytest.mark.thorough
@pytest.mark.parametrize("name", COMMITTED)
def test_the_machinery_gives_the_known_answer(asked: KnownAnswers, name: str) -> None:
    (answer,) = [each for each in asked if each.name == name]
    assert answer.error <= answer.tolerance, answer


@pytest.mark.thorough
@pytest.mark.parametrize("name", COMMITTED)
def test_the_committed_record_is_what_the_machinery_gives(asked: KnownAnswers, name: str) -> None:
    """The same words and known answer; the same error but for what another machine rounds."""
    (found,) = [each for each in asked if each.name == name]
    committed, renew = COMMITTED[name], "run: python -m benchmarks.known_answers"
    for field in ("what", "unit", "scale", "source"):
        assert getattr(found, field) == getattr(committed, field), renew
    assert found.exact == pytest.approx(committed.exact, rel=1e-9, abs=1e-12), renew
    assert found.tolerance == pytest.approx(committed.tolerance, rel=1e-3), renew
    assert abs(found.ours - committed.ours) <= 2 * allowed(committed), renew
    if max(found.error, committed.error) > ROUNDING:
        assert 0.1 < found.error / committed.error < 10, renew


def allowed(answer: KnownAnswer) -> float:
    """The tolerance in the unit of the value that is shown, at least."""
    if answer.scale is Scale.ABSOLUTE:
        return answer.tolerance
    return answer.tolerance * max(abs(answer.exact), abs(answer.ours))


@pytest.mark.thorough
def test_the_record_holds_every_answer_and_nothing_else(asked: KnownAnswers) -> None:
    now = {group: [answer.name for answer in answers] for group, answers in asked.answers.items()}
    then = read_record().answers
    assert {group: [answer.name for answer in answers] for group, answers in then.items()} == now
    assert asked.settings == read_record().settings


@pytest.mark.thorough
def test_errors_against_tolerance_are_the_committed_ones(asked: KnownAnswers) -> None:
    committed = read_record()
    assert asked.rtols == committed.rtols
    assert asked.convergence.keys() == committed.convergence.keys()
    for name, errors in asked.convergence.items():
        ratio = np.array(errors) / np.array(committed.convergence[name])
        assert np.all((ratio > 0.1) & (ratio < 10)), name


def test_the_record_is_written_as_it_is_read(tmp_path: Path) -> None:
    path = write_record(read_record(), tmp_path / "known.json")
    assert path.read_bytes() == RECORD.read_bytes()


# ---------------------------------------------------------------- the answers can be wrong


@pytest.mark.parametrize(
    ("group", "rtol", "atol"),
    [(exposure, 0.1, 1.0), (forms, 0.1, 1.0), (invariants, 0.03, 0.1), (solvers, 1e-2, 1e-3)],
)
def test_a_careless_integration_gives_wrong_answers(
    group: Callable[..., Iterator[KnownAnswer]], rtol: float, atol: float
) -> None:
    # one will do: what comes after the first is not asked
    assert any(not answer.holds for answer in group(rtol=rtol, atol=atol))


def test_the_solution_of_hires_keeps_its_conserved_sum() -> None:
    # the last two states are the two forms of one enzyme
    assert HIRES_SOLUTION[6:].sum() == pytest.approx(HIRES_START[6:].sum(), rel=1e-13)
    assert sum(hires(list(HIRES_SOLUTION))[6:]) == 0.0
    assert solve_hires("explicit", 1e-10, 1e-16)[6:].sum() == pytest.approx(0.0057, rel=1e-12)


def test_saturable_elimination_has_its_two_limits() -> None:
    inputs = replace(load_tocilizumab().inputs, CL=0.0, Q=0.0)
    hours = np.array([0.0, 5.0, 10.0])
    low = saturable_concentration(inputs, 1e-3, hours)
    rate = inputs.Vmax / inputs.Km / inputs.V1
    assert low == pytest.approx(1e-3 / inputs.V1 * np.exp(-rate * hours), rel=1e-6)
    high = saturable_concentration(inputs, 1e9, hours)
    assert high == pytest.approx((1e9 - inputs.Vmax * hours) / inputs.V1, rel=1e-9)
    assert saturable_concentration(inputs, 7e4, hours[:1]) == pytest.approx([7e4 / inputs.V1])


def test_an_interval_of_scipy_that_is_not_wilsons_gives_a_wrong_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    of, made = type(binomtest(1, 2)), type(binomtest(1, 2)).proportion_ci
    monkeypatch.setattr(of, "proportion_ci", lambda self, level=0.95, method="": made(self, level))
    wrong = [answer.name for answer in inference() if not answer.holds]
    assert wrong == ["wilson_published", "wilson_scipy"]


def test_the_interval_by_hand_is_as_printed() -> None:
    for held, total, *printed in NEWCOMBE:
        assert wilson_ends(held, total) == pytest.approx(printed, abs=5.1e-5)


# ---------------------------------------------------------------- the value object


def made(**changes: object) -> KnownAnswer:
    values = {
        "name": "n",
        "what": "w",
        "exact": 2.0,
        "ours": 2.1,
        "unit": "h",
        "error": 0.05,
        "tolerance": 0.06,
        "scale": Scale.RELATIVE,
        "source": "s",
    }
    return KnownAnswer(**(values | changes))  # type: ignore[arg-type]


def test_an_answer_holds_within_its_tolerance_and_no_further() -> None:
    assert made().holds
    assert made(error=0.06).holds
    assert not made(error=0.0601).holds


@pytest.mark.parametrize(
    ("scale", "error"),
    [(Scale.RELATIVE, 0.5), (Scale.LARGEST, 0.125), (Scale.ABSOLUTE, 0.5)],
)
def test_the_error_is_the_largest_of_all_numbers_compared(scale: Scale, error: float) -> None:
    answer = KnownAnswer.of("n", "w", [1.0, -4.0], [1.5, -4.5], 1.0, "s", scale=scale, shown=0)
    assert answer.error == pytest.approx(error)
    assert (answer.exact, answer.ours) == (1.0, 1.5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: made(ours=math.nan), "expected finite ones"),
        (lambda: made(tolerance=-1.0), "0 or more"),
        (lambda: made(source=""), "expected words for all three"),
        (lambda: KnownAnswer.of("n", "w", [1.0, 2.0], 1.0, 1.0, "s"), r"\(1,\) numbers for \(2,\)"),
        (lambda: KnownAnswer.of("n", "w", 0.0, 1.0, 1.0, "s"), "an error relative to 0"),
        (
            lambda: KnownAnswers({"g": (made(), made())}, {}, (), {}),
            "two known answers are called 'n'",
        ),
    ],
)
def test_an_answer_that_says_nothing_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    whole = json.loads(RECORD.read_text(encoding="utf-8"))
    spoilt = [json.dumps(whole | {part: None}) for part in whole]
    for content in (None, "{", "[]", json.dumps(whole | {"answers": {}}), *spoilt):
        if content is not None:
            path.write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match="renew it: python -m benchmarks.known_answers"):
            read_record(path)


def test_a_published_level_needs_its_spread() -> None:
    assert spread(load_tables().row("OI003")) == ("SEM", 71.0)
    with pytest.raises(EvidenceError, match="PK001 has no value with an SD or SEM"):
        spread(load_tables().row("PK001"))
