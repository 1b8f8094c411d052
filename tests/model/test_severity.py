"""Severity: limits of the index, edges of the grades, and words for an order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import REGIMENS, made_up
from hypothesis import given
from hypothesis import strategies as st

from qsp_lib.common.errors import InputError
from qsp_lib.model import severity
from qsp_lib.model.dosing import Regimen
from qsp_lib.model.parameters import NetworkParameters
from qsp_lib.model.severity import GradeBoundaries, baselines, definitions, fold_rise, index, order
from qsp_lib.model.simulation import simulate
from qsp_lib.model.trajectory import Peak

IL6 = 5.2


class Course:
    """A trajectory of which only the peaks and the area are known."""

    def __init__(self, area: float = 100.0, **peaks: Any) -> None:
        self._peaks, self._area = {"S": 0.0} | peaks, area

    def peak(self, name: str, start_h: float = 0.0) -> Peak:
        value = np.asarray(self._peaks[name], dtype=float)
        return Peak(value, np.zeros_like(value))

    def area(self, name: str, start_h: float, end_h: float) -> Any:
        assert (name, start_h, end_h) == ("S", 0.0, 72.0)
        return np.asarray(self._area)


def folds(TNF: Any, IFN: Any, IL6: Any, **rest: Any) -> Any:
    """A course whose peaks are these multiples of the healthy levels."""
    base = baselines()
    rises = {"TNF": TNF, "IFN": IFN, "IL6": IL6}
    return Course(**{name: (np.asarray(f) - 1) * base[name] for name, f in rises.items()}, **rest)


def test_healthy_levels_are_those_of_the_evidence_tables() -> None:
    expected = {"IL6": 5.2, "TNF": (0.6 + 4.89) / 2, "IFN": (0.5 + 6.88) / 2}
    assert baselines() == pytest.approx(expected)


def test_the_index_counts_decades_of_the_effective_signal() -> None:
    for decades in (0, 1, 2, 3):
        course: Any = Course(S=IL6 * (10.0**decades - 1))
        assert index(course) == pytest.approx(decades)


def test_no_release_is_an_index_of_exactly_zero(network: NetworkParameters) -> None:
    assert index(simulate(made_up(), network, Regimen())) == 0.0
    # nor does a rounding error below zero make it negative
    assert fold_rise(np.array([-1e-9]), "IL6") == 1.0


def test_the_index_of_a_course_is_read_off_its_signal_not_its_il6(
    network: NetworkParameters,
) -> None:
    run = simulate(made_up(), network, REGIMENS["infusion"])
    assert index(run) == pytest.approx(np.log10(1 + run.peak("S").value / IL6))
    assert index(run) != pytest.approx(np.log10(1 + run.peak("IL6").value / IL6), abs=1e-6)


def test_severity_from_a_time_on_forgets_what_came_before(network: NetworkParameters) -> None:
    run = simulate(made_up(), network, REGIMENS["infusion"])
    late = float(run.peak("S").time_h) + 24.3
    assert index(run, late) < index(run)
    assert index(run, late) == pytest.approx(np.log10(1 + run.at("S", late) / IL6))


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=6))
def test_a_higher_signal_is_never_a_lower_index(peaks: list[float]) -> None:
    course: Any = Course(S=np.sort(peaks))
    assert np.all(np.diff(index(course)) >= 0)


def test_grade_boundaries_stand_a_quarter_decade_inside_the_two_drugs() -> None:
    edges = GradeBoundaries.between(1.5, 3.0)
    assert (edges.grade_1, edges.grade_2, edges.grade_4) == (0.7, 1.75, 2.75)
    assert edges.grade_3 == pytest.approx((1.75 + 2.75) / 2)
    # so the mild drug itself is grade 1 and the severe one grade 4
    assert edges.grade(np.array([1.5, 3.0])).tolist() == [1, 4]


@pytest.mark.parametrize(("mild", "severe"), [(1.5, 1.8), (1.5, 2.0), (0.3, 3.0), (3.0, 1.5)])
def test_boundaries_that_do_not_rise_are_refused(mild: float, severe: float) -> None:
    """Between two drugs that are close together grade 4 would begin below grade 2."""
    with pytest.raises(InputError, match="boundaries of grades 1 to 4 are .*; expected numbers"):
        GradeBoundaries.between(mild, severe)
    with pytest.raises(InputError, match="nan"):
        GradeBoundaries(0.7, 1.0, float("nan"), 2.0)


def test_an_index_at_a_boundary_has_the_higher_grade() -> None:
    edges = GradeBoundaries(0.7, 1.75, 2.25, 2.75)
    indices = np.array([0.0, 0.699, 0.7, 1.749, 1.75, 2.25, 2.749, 2.75, 5.0])
    assert edges.grade(indices).tolist() == [0, 0, 1, 1, 2, 3, 3, 4, 4]
    assert edges.grade(2.3) == 3


@given(st.floats(0.5, 2.0), st.floats(2.51, 4.0), st.lists(st.floats(0, 5), min_size=2))
def test_a_higher_index_is_never_a_lower_grade(
    mild: float, severe: float, indices: list[float]
) -> None:
    grades = GradeBoundaries.between(mild, severe).grade(np.sort(indices))
    assert np.all(np.diff(grades) >= 0)
    assert set(grades) <= {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"b": 2.0, "a": 1.0, "c": 3.0}, "a < b < c"),
        ({"a": 1.0, "b": 1.04, "c": 3.0}, "a = b < c"),
        ({"a": 1.0, "b": 2.0, "c": 2.0}, "a < b = c"),
        ({"a": 1.0, "b": 1.0, "c": 1.0}, "a = b = c"),
        ({"a": 1.0, "b": 1.06}, "a < b"),
        ({"c": 0.0, "b": 0.0, "a": 1.0}, "c = b < a"),
        ({"only": 1.0}, "only"),
    ],
)
def test_an_order_is_written_lowest_first_and_ties_as_equal(
    values: dict[str, float], words: str
) -> None:
    assert order(values) == words


def test_what_counts_as_a_tie_can_be_chosen() -> None:
    assert severity.TIE == 0.05
    assert order({"a": 1.0, "b": 1.2}, tie=0.25) == "a = b"
    assert order({"a": 1.0, "b": 1.01}, tie=0.0) == "a < b"


@pytest.mark.parametrize(
    ("rises", "met"),
    [
        ((74.0, 74.0, 74.0), 0),
        ((75.01, 1.0, 75.01), 1),
        ((76.0, 76.0, 1.0), 1),
        ((1.0, 249.0, 1.0), 0),
        ((1.0, 250.01, 1.0), 1),
        ((1.0, 1.0, 251.0), 1),
        ((76.0, 76.0, 76.0), 1),
        ((76.0, 76.0, 300.0), 1),
    ],
)
def test_the_davila_rule_is_two_cytokines_75_fold_or_one_250_fold(
    rises: tuple[float, float, float], met: int
) -> None:
    assert definitions(folds(*rises))["davila"] == met


def test_the_mean_fold_rise_is_the_geometric_one_of_three_cytokines() -> None:
    course = folds(np.array([10.0, 1.0]), np.array([100.0, 1.0]), np.array([1000.0, 1.0]))
    assert definitions(course)["mean_fold"] == pytest.approx([2.0, 0.0])


def test_the_area_is_in_decades_and_finite_even_without_a_release() -> None:
    assert definitions(folds(1, 1, 1, area=1000.0))["area"] == pytest.approx(3.0)
    assert definitions(folds(1, 1, 1, area=0.0))["area"] == pytest.approx(-12.0)


def test_all_definitions_rank_a_larger_dose_no_lower(network: NetworkParameters) -> None:
    run = simulate(
        made_up(), network, REGIMENS["infusion"], dose_factor=np.array([0.001, 0.01, 0.1, 1.0])
    )
    ranked = definitions(run)
    assert set(ranked) == {"index", "area", "mean_fold", "davila"}
    for values in ranked.values():
        assert np.all(np.diff(values) >= 0)
    assert ranked["index"][-1] - ranked["index"][0] > 0.5
