from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from example_chapters import PARAMETERS, chapter, code, notebook, write
from papermill import inspect_notebook

from qsp_lib.chapters import chapter as chapters
from qsp_lib.chapters import notebooks, results
from qsp_lib.chapters.chapter import Chapter
from qsp_lib.chapters.parameters import parse_parameters
from qsp_lib.common import environment
from qsp_lib.common.errors import InputError

DEFAULTS = {
    "n_starts": 16,
    "scale": 1.0,
    "engine": "diffsol",
    "doses": [1.0, 2.0],
    "full": False,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "01_calibration", chapter("01_calibration"))
    write(tmp_path, "02_locking", chapter("02_locking", after=["01_calibration"]))
    return tmp_path


def test_names_come_in_order(folder: Path) -> None:
    assert notebooks.chapter_names(folder) == ("01_calibration", "02_locking")


def test_a_folder_without_chapters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There are no chapters"):
        notebooks.chapter_names(tmp_path)


@pytest.mark.parametrize("name", ["calibration", "1_calibration", "03_Upper", "03-dash"])
def test_a_notebook_with_another_kind_of_name_is_refused(folder: Path, name: str) -> None:
    write(folder, name, chapter(name))
    with pytest.raises(InputError, match="not called like a chapter"):
        notebooks.chapter_names(folder)


def test_two_chapters_with_one_number_are_refused(folder: Path) -> None:
    write(folder, "02_other", chapter("02_other"))
    with pytest.raises(InputError, match="Two chapters have the number 02"):
        notebooks.chapter_names(folder)


@pytest.mark.parametrize(
    "text", ["01_calibration", "calibration", "1", "01", "notebooks/01_calibration.ipynb"]
)
def test_a_chapter_is_found_by_name_or_number(folder: Path, text: str) -> None:
    assert notebooks.find_chapter(text, folder) == "01_calibration"


def test_an_unknown_chapter_is_refused_with_those_there_are(folder: Path) -> None:
    with pytest.raises(InputError, match="no chapter 'rescue'; there are: 01_calibration, 02_lock"):
        notebooks.find_chapter("rescue", folder)


def test_dependencies_are_read_from_the_notebook(folder: Path) -> None:
    assert notebooks.dependencies("01_calibration", folder) == ()
    assert notebooks.dependencies("02_locking", folder) == ("01_calibration",)


@pytest.mark.parametrize("other", ["02_locking", "03_later", "00_none"])
def test_a_chapter_depends_on_earlier_ones_only(folder: Path, other: str) -> None:
    write(folder, "02_locking", chapter("02_locking", after=[other]))
    with pytest.raises(InputError, match="expected one of the chapters before it"):
        notebooks.dependencies("02_locking", folder)


def test_a_file_that_is_no_notebook_is_refused(folder: Path) -> None:
    (folder / "03_broken.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="is not a notebook"):
        notebooks.read_notebook("03_broken", folder)
    (folder / "03_broken.ipynb").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="has no cells"):
        notebooks.read_notebook("03_broken", folder)


def test_declarations_are_read_with_type_default_help_and_range() -> None:
    declared = parse_parameters(PARAMETERS)
    assert {name: parameter.default for name, parameter in declared.items()} == DEFAULTS
    assert declared["scale"].help == "scale of the curve, mg"
    assert (declared["scale"].low, declared["scale"].high) == (0.1, 10)
    assert declared["engine"].choices == ("diffsol", "scipy")
    assert declared["scale"].expected == "float from 0.1 to 10"
    assert declared["doses"].expected == "list of float from 0 to 100"
    assert str(declared["full"]) == "full: bool (whether to run everything)"


def test_papermill_reads_the_same_declarations(folder: Path) -> None:
    seen = inspect_notebook(str(folder / "01_calibration.ipynb"))
    declared = chapters.declared_parameters("01_calibration", folder)
    assert list(seen) == list(declared)
    assert seen["n_starts"]["inferred_type_name"] == "int"
    assert seen["n_starts"]["help"].startswith(declared["n_starts"].help)


def test_a_number_sign_in_a_text_is_not_a_comment() -> None:
    declared = parse_parameters('mark: str = "#"  # sign of a hit; one of #, +')
    assert declared["mark"].default == "#"
    assert declared["mark"].choices == ("#", "+")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("n = 1  # starts; 1 to 2", "is not of the form"),
        ("n: int  # starts; 1 to 2", "is not of the form"),
        ("print(1)", "is not of the form"),
        ("n: int = 1", "needs a comment"),
        ("n: int = 1  # starts", "needs a comment .* ends in '; LOW to HIGH'"),
        ("n: int = 1  # starts; one to two", "is not two numbers"),
        ("n: int = 1  # starts; 2 to 1", "range of .* is empty"),
        ("n: int = 0  # starts; 1 to 2", "default of a parameter .* not allowed"),
        ("n: int = True  # starts; 0 to 2", "default of a parameter .* not allowed"),
        ("n: str = 'a'  # kind", "needs a comment .* ends in '; one of A, B'"),
        ("n: str = 'c'  # kind; one of a, b", "default of a parameter .* not allowed"),
        ("n: dict = {}  # things", "is of type dict; expected int"),
        ("n: float = 1 / 3  # share; 0 to 1", "is not a plain value"),
        ("n: int = 1  # a; 0 to 2\nn: int = 1  # a; 0 to 2", "declares the parameter 'n' twice"),
        ("n: int = (", "is not Python"),
    ],
)
def test_a_declaration_that_says_too_little_is_refused(line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_parameters(line)


@pytest.mark.parametrize("cells", [[], [code("", tags=["parameters"])] * 2])
def test_a_chapter_has_exactly_one_parameters_cell(tmp_path: Path, cells: list[Any]) -> None:
    write(tmp_path, "01_x", notebook(cells))
    with pytest.raises(InputError, match="expected exactly one"):
        chapters.declared_parameters("01_x", tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_starts", 0),
        ("n_starts", 257),
        ("n_starts", 16.0),
        ("n_starts", "16"),
        ("n_starts", True),
        ("n_starts", None),
        ("scale", math.nan),
        ("scale", math.inf),
        ("scale", "1"),
        ("engine", "Diffsol"),
        ("doses", 1.0),
        ("doses", [1.0, 101.0]),
        ("doses", ["1"]),
        ("full", 1),
    ],
)
def test_a_value_of_the_wrong_type_or_out_of_range_is_refused_by_name(
    name: str, value: Any
) -> None:
    declared = parse_parameters(PARAMETERS)
    with pytest.raises(InputError, match=f"01_x: Parameter '{name}' was given .*; expected"):
        chapters.check_parameters("01_x", {name: value}, declared)


def test_what_is_not_given_keeps_its_default() -> None:
    declared = parse_parameters(PARAMETERS)
    accepted = chapters.check_parameters("01_x", {"scale": 2, "doses": (0,)}, declared)
    assert accepted == DEFAULTS | {"scale": 2.0, "doses": [0.0]}
    assert isinstance(accepted["scale"], float)


def test_an_unknown_parameter_is_refused_with_all_that_are_known() -> None:
    declared = parse_parameters(PARAMETERS)
    with pytest.raises(
        InputError, match=r"no parameter 'n_start' \(did you mean 'n_starts'\?\)"
    ) as e:
        chapters.check_parameters("01_x", {"n_start": 3}, declared)
    for parameter in declared.values():
        assert str(parameter) in str(e.value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("n_starts", "32", 32),
        ("scale", "1e0", 1.0),
        ("engine", "scipy", "scipy"),
        ("doses", "[1, 2.5]", [1.0, 2.5]),
        ("full", "True", True),
        ("full", "false", False),
    ],
)
def test_command_line_texts_are_read_by_declared_type(name: str, text: str, value: Any) -> None:
    assert parse_parameters(PARAMETERS)[name].parse(text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [("n_starts", "many"), ("n_starts", "1.5"), ("doses", "1,2"), ("full", "1"), ("engine", "x")],
)
def test_command_line_texts_that_do_not_fit_are_refused(name: str, text: str) -> None:
    with pytest.raises(InputError, match=f"Parameter '{name}' was given '{text}'"):
        parse_parameters(PARAMETERS)[name].parse(text)


def in_kernel(**more: Any) -> dict[str, Any]:
    """What ``globals()`` holds in a fresh kernel after the parameters cell."""
    return {"In": ["", "..."], "Out": {}, "_": "", "__name__": "__main__", "Path": Path} | more


def test_a_chapter_starts_with_its_parameters(folder: Path) -> None:
    started = Chapter.start("01_calibration", in_kernel(**DEFAULTS | {"scale": 3}), folder)
    assert started.name == "01_calibration"
    assert started.parameters == DEFAULTS | {"scale": 3.0}


def test_a_chapter_refuses_a_parameter_it_does_not_declare(folder: Path) -> None:
    with pytest.raises(InputError, match="no parameter 'scael'"):
        Chapter.start("01_calibration", in_kernel(**DEFAULTS, scael=2.0), folder)


def test_a_chapter_refuses_a_value_out_of_range(folder: Path) -> None:
    with pytest.raises(InputError, match="Parameter 'n_starts' was given 999"):
        Chapter.start("01_calibration", in_kernel(**DEFAULTS | {"n_starts": 999}), folder)


def test_a_chapter_asks_for_its_parameters_cell(folder: Path) -> None:
    with pytest.raises(InputError, match="'doses' has no value; run the parameters cell first"):
        Chapter.start("01_calibration", in_kernel(), folder)


def test_a_chapter_started_again_by_hand_ignores_what_later_cells_made(folder: Path) -> None:
    names = in_kernel(**DEFAULTS)
    first = Chapter.start("01_calibration", names, folder)
    again = Chapter.start("01_calibration", names | {"chapter": first, "rms": 0.2}, folder)
    assert again == first


def test_a_chapter_saves_under_its_name_with_its_parameters(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(environment.RESULTS_DIR, str(tmp_path / "out"))
    started = Chapter.start("01_calibration", in_kernel(**DEFAULTS), folder)
    started.save({"rms": 0.5}, lock={"version": "1"})
    saved = results.load("01_calibration", tmp_path / "out")
    assert saved.parameters == DEFAULTS
    assert saved.values == {"rms": 0.5}
    assert saved.lock == {"version": "1"}


def test_a_chapter_is_called_by_its_first_heading_or_else_by_its_name() -> None:
    titled = notebook([{"cell_type": "markdown", "source": ["text\n", "# The title\n"]}])
    assert notebooks.title_of(titled, "01_one") == "The title"
    assert notebooks.title_of(notebook([]), "01_one") == "01_one"
