from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsp_lib.chapters import results
from qsp_lib.chapters.results import Results, Tolerance
from qsp_lib.common import environment
from qsp_lib.common.errors import InputError

_plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


def of(**values: Any) -> Results:
    return Results("01_x", values, {})


def test_nothing_is_written_unless_a_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(environment.RESULTS_DIR, raising=False)
    monkeypatch.chdir(tmp_path)
    assert results.save("01_x", {"a": 1.0}) is None
    assert list(tmp_path.iterdir()) == []


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(environment.RESULTS_DIR, str(tmp_path / "new folder"))
    path = results.save("01_x", {"a": 1.0})
    assert path == tmp_path / "new folder" / "01_x.json"
    assert results.load("01_x", path.parent).value("a") == 1.0


def test_numpy_becomes_plain_at_full_precision(tmp_path: Path) -> None:
    values = {
        "scalar": np.float64(0.1) + np.float64(0.2),
        "count": np.int64(3),
        "flag": np.bool_(True),
        "array": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "pair": (1, None),
    }
    results.save("01_x", values, directory=tmp_path)
    loaded = results.load("01_x", tmp_path).values
    assert loaded == {
        "scalar": 0.1 + 0.2,
        "count": 3,
        "flag": True,
        "array": [[1.0, 2.0], [3.0, 4.0]],
        "pair": [1, None],
    }
    assert loaded["flag"] is True


def test_the_file_does_not_depend_on_the_order_of_keys(tmp_path: Path) -> None:
    one = results.save("01_x", {"b": 1, "a": {"d": 2, "c": 3}}, directory=tmp_path / "1")
    two = results.save("01_x", {"a": {"c": 3, "d": 2}, "b": 1}, directory=tmp_path / "2")
    assert one is not None
    assert two is not None
    assert one.read_bytes() == two.read_bytes()


@given(_plain)
def test_what_is_written_reads_back_as_it_was(value: Any) -> None:
    assert json.loads(results.canonical_json(results.plain(value, "x"))) == value


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_a_number_that_is_none_is_refused_by_its_key_path(bad: float) -> None:
    with pytest.raises(InputError, match="01_x/values/fit/1/rms is .*; expected a finite number"):
        results.save("01_x", {"fit": [0.0, {"rms": bad}]})


@pytest.mark.parametrize("bad", [{1, 2}, object(), 1j, b"x", Path("x")])
def test_a_type_without_a_json_word_is_refused_by_its_key_path(bad: Any) -> None:
    with pytest.raises(InputError, match="01_x/values/a is of type"):
        results.save("01_x", {"a": bad})


@pytest.mark.parametrize("key", [1, "", "a/b", None])
def test_a_key_that_no_path_can_name_is_refused(key: Any) -> None:
    with pytest.raises(InputError, match="01_x/values has the key"):
        results.save("01_x", {key: 1.0})


def test_missing_results_say_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run the chapter first: python -m qsp_lib run 01_x"):
        results.load("01_x", tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ('{"a": NaN}', "is not JSON"),
        ("[]", "is not a results file"),
        ('{"schema": 99}', "is not a results file of schema 1"),
        ('{"schema": 1, "chapter": "02_y"}', "holds the results of '02_y', not of '01_x'"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "01_x.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        results.load("01_x", tmp_path)


def test_running_chapters_read_where_the_runner_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results.save("01_x", {"a": 7}, directory=tmp_path)
    monkeypatch.setenv(environment.RESULTS_FROM, str(tmp_path))
    assert results.load("01_x").value("a") == 7
    assert list(results.load_all()) == ["01_x"]


def test_a_value_is_found_by_its_path() -> None:
    numbers = of(fit={"courses": [{"rms": 0.2}]})
    assert numbers.value("fit/courses/0/rms") == 0.2
    for path in ("fit/other", "fit/courses/1/rms", "fit/courses/x", "fit/courses/0/rms/deeper"):
        with pytest.raises(InputError, match="have no"):
            numbers.value(path)


def test_equal_results_do_not_differ() -> None:
    numbers = of(a=1.0, b={"c": [1, "x", None, True]})
    assert results.compare(numbers, numbers) == []


@pytest.mark.parametrize(
    ("expected", "found", "path"),
    [
        ({"a": 1.0}, {"a": 1.0 + 3e-6}, "01_x/values/a"),
        ({"a": 1}, {"a": 2}, "01_x/values/a"),
        ({"a": "x"}, {"a": "y"}, "01_x/values/a"),
        ({"a": True}, {"a": 1}, "01_x/values/a"),
        ({"a": None}, {"a": 0.0}, "01_x/values/a"),
        ({"a": [1.0, 2.0]}, {"a": [1.0, 2.1]}, "01_x/values/a/1"),
        ({"a": [1.0]}, {"a": [1.0, 2.0]}, "01_x/values/a"),
        ({"a": {"b": 1.0}}, {"a": {}}, "01_x/values/a/b"),
        ({}, {"a": 1.0}, "01_x/values/a"),
        ({"a": 0.0}, {"a": 1e-12}, "01_x/values/a"),
    ],
)
def test_a_difference_is_named_by_its_key_path(
    expected: dict[str, Any], found: dict[str, Any], path: str
) -> None:
    differences = results.compare(of(**expected), of(**found))
    assert [difference.path for difference in differences] == [path]
    assert path in str(differences[0])


def test_parameters_and_lock_must_be_equal() -> None:
    one = Results("01_x", {}, {"n": 1}, {"digest": "a"})
    two = Results("01_x", {}, {"n": 2}, {"digest": "b"})
    paths = [difference.path for difference in results.compare(one, two)]
    assert paths == ["01_x/parameters/n", "01_x/lock/digest"]


def test_the_first_matching_tolerance_counts() -> None:
    rules = [Tolerance("01_x/values/a/*", rtol=0.1), Tolerance("*/b", rtol=0.0, atol=1e-9)]
    one = of(a={"b": 1.0, "c": 1.0}, b=0.0)
    near = of(a={"b": 1.05, "c": 1.05}, b=1e-10)
    far = of(a={"b": 1.2, "c": 1.0}, b=1e-8)
    assert results.compare(one, near, tolerances=rules) == []
    paths = [difference.path for difference in results.compare(one, far, tolerances=rules)]
    assert paths == ["01_x/values/a/b", "01_x/values/b"]


@given(st.floats(1e-300, 1e300), st.floats(-1e-7, 1e-7))
def test_the_relative_tolerance_holds_at_every_size(value: float, change: float) -> None:
    assert results.compare(of(a=value), of(a=value * (1 + change)), rtol=1e-6) == []
    assert results.compare(of(a=value), of(a=value * (1 + 1e-5)), rtol=1e-6) != []


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_a_tolerance_is_a_number_zero_or_more(bad: float) -> None:
    with pytest.raises(InputError, match="rtol of"):
        Tolerance("*", rtol=bad)
