"""The page on known answers says what the record says, in a reader's words."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.known_answers import CHECKS, KnownAnswer, read_record
from benchmarks.known_answers.answer import Scale
from book.pages.fragments import FRAGMENTS, PICTURES, BookData
from book.pages.machinery import digits, known_answers_states, row, small, verdict

ROOT = Path(__file__).resolve().parents[2]
BOOK = BookData(ROOT / "notebooks", {})
ANSWER = KnownAnswer(
    "n", "what is asked", 2.0, 2.1, "h", 0.05, 1e-5, Scale.RELATIVE, "where it is from"
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (0.5255255255, "0.5255255"),
        (35000.0, "35,000"),
        (325493.8994, "325,493.9"),
        (-46.554643, "-46.55464"),
        (7.371312573e-4, "0.0007371313"),
        (5.8887297e-5, "5.88873 × 10⁻⁵"),
        (3e9, "3 × 10⁹"),
    ],
)
def test_a_value_has_seven_digits(value: float, text: str) -> None:
    assert digits(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (3.9e-16, "< 10⁻¹²"),
        (1.07e-5, "10⁻⁵"),
        (2.98e-8, "3 × 10⁻⁸"),
        (0.0144, "0.014"),
        (95.47, "95"),
        (3957.5, "4000"),
        (9.7e-4, "0.001"),
    ],
)
def test_an_error_has_one_digit_or_two(value: float, text: str) -> None:
    assert small(value) == text


def test_a_row_says_what_its_error_is_relative_to() -> None:
    plain = row(ANSWER)
    assert plain == ("`n`: what is asked. *Where it is from.*", "2 h", "2.1 h", "0.05", "10⁻⁵")
    assert row(replace(ANSWER, scale=Scale.LARGEST))[3] == "0.05 of max."
    assert row(replace(ANSWER, scale=Scale.ABSOLUTE))[3:5] == ("0.05 h", "10⁻⁵ h")
    assert row(replace(ANSWER, scale=Scale.ABSOLUTE, unit="1"))[3:5] == ("0.05 abs.", "10⁻⁵")


def test_the_verdict_names_what_is_outside_its_tolerance() -> None:
    record = read_record()
    total = len(list(record))
    assert verdict(record).startswith(f"**All {total} answers below are within their tolerance.**")
    first, *others = record.answers["exposure"]
    wrong = replace(first, error=2 * first.tolerance)
    spoilt = replace(record, answers=dict(record.answers) | {"exposure": (wrong, *others)})
    assert f"{total - 1} of {total} answers below" in verdict(spoilt)
    assert f"outside are `{first.name}`" in verdict(spoilt)
    assert "10⁻⁶ relative and 10⁻⁸ absolute" in verdict(record)


@pytest.mark.parametrize("group", CHECKS)
def test_every_answer_of_a_group_is_in_its_table(group: str) -> None:
    made = FRAGMENTS[f"known_answers_{group}"](BOOK)
    for answer in read_record().answers[group]:
        assert f"| `{answer.name}`: {answer.what}" in made
        assert f"{answer.source[1:]}.* |" in made


def test_the_page_takes_in_every_piece() -> None:
    page = (ROOT / "book" / "machinery.md").read_text(encoding="utf-8")
    pieces = {name for name in FRAGMENTS if name.startswith("known_answers")}
    assert set(re.findall(r"generated/(\w+)\.md", page)) == pieces


@pytest.mark.thorough
def test_the_figure_is_drawn_the_same_twice_and_described() -> None:
    once, again = (PICTURES["known_answers_figure"](BOOK) for _ in range(2))
    assert once == again
    assert all(drawn.startswith(b"<svg ") for name, drawn in once.items() if name[-4:] == ".svg")
    shown = FRAGMENTS["known_answers_figure"](BOOK)
    assert len(once) == 5 and all(f"../_static/generated/{name}" in shown for name in once)
    assert re.search(r'alt="Largest relative error against .{100,}"', shown)


def test_the_description_of_the_figure_is_true() -> None:
    for errors in read_record().convergence.values():
        assert list(errors) == sorted(errors, reverse=True)


def test_the_states_that_rows_count_and_those_of_the_exports_are_told_apart() -> None:
    text = known_answers_states(BOOK)
    assert [int(n) for n in re.findall(r"(?:The|add|the) (\d+) ", text)] == [14, 5, 19]
    rows = [a.what for group in ("invariants", "solvers") for a in read_record().answers[group]]
    assert sum("the 14 states" in what or "all 14 states" in what for what in rows) == 4
