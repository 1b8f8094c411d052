from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from example_chapters import MODEL, PARAMETERS, add_model, chapter, code, notebook, write
from papermill import inspect_notebook

from qsp_lib.chapters import chapter as chapters
from qsp_lib.chapters import notebooks, results
from qsp_lib.chapters.chapter import Chapter
from qsp_lib.chapters.parameters import (
    Parameter,
    Parameters,
    check_parameters,
    describe,
    load_models,
    read_text,
)
from qsp_lib.common import environment
from qsp_lib.common.errors import InputError

DEFAULTS = {
    "n_starts": 16,
    "scale": 1.0,
    "engine": "diffsol",
    "doses": [1.0, 2.0],
    "full": False,
}


def model_of(folder: Path, fields: str) -> type[Parameters]:
    add_model(folder, "01_x", fields)
    return load_models(folder)["01_x"]


@pytest.fixture
def model(tmp_path: Path) -> type[Parameters]:
    return model_of(tmp_path, MODEL)


@pytest.fixture
def declared(model: type[Parameters]) -> dict[str, Parameter]:
    return describe(model, PARAMETERS)


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


def test_declarations_are_read_with_type_default_help_and_range(
    declared: dict[str, Parameter],
) -> None:
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


def test_a_number_sign_in_a_text_is_not_a_comment(tmp_path: Path) -> None:
    model = model_of(tmp_path, '    mark: Literal["#", "+"]\n')
    declared = describe(model, 'mark: str = "#"  # sign of a hit; one of #, +')
    assert declared["mark"].default == "#"
    assert declared["mark"].choices == ("#", "+")


COUNTED = "    n: Annotated[int, Field(ge=1, le=2)]\n"


@pytest.mark.parametrize(
    ("cell", "fields", "message"),
    [
        ("n = 1  # starts; 1 to 2", COUNTED, "is not of the form"),
        ("n: int  # starts; 1 to 2", COUNTED, "is not of the form"),
        ("print(1)", COUNTED, "is not of the form"),
        ("n: int = 2 - 1  # starts; 1 to 2", COUNTED, "is not of the form"),
        ("n: int = 1  # a; 1 to 2\nn: int = 1  # a; 1 to 2", COUNTED, "once a name"),
        ("n: int = (", COUNTED, "is not Python"),
        ("", COUNTED, "declares 'n' in one place only"),
        ("n: int = 1  # a; 1 to 2\nm: int = 1  # b; 1 to 2", COUNTED, "'m' in one place only"),
        ("n: int = 1", COUNTED, "its model in parameters.py says int from 1 to 2"),
        ("n: int = 1  # starts", COUNTED, "says int from 1 to 2. Make the two agree"),
        ("n: int = 1  # starts; one to two", COUNTED, "Make the two agree"),
        ("n: int = 1  # starts; 1 to 3", COUNTED, "Make the two agree"),
        ("n: int = 1  # starts; 0 to 2", COUNTED, "Make the two agree"),
        ("n: float = 1.0  # starts; 1 to 2", COUNTED, "Make the two agree"),
        ("n: list[int] = [1]  # starts; 1 to 2", COUNTED, "Make the two agree"),
        ("n: int = 1  # 1 to 2", COUNTED, "does not say in a comment what 'n' is"),
        (
            "n: int = 3  # starts; 1 to 2",
            COUNTED,
            "not allowed.*'n' was given 3",
        ),
        ("n: int = True  # starts; 1 to 2", COUNTED, "default of 01_x is not allowed"),
        ("n: str = 'a'  # kind; one of a", '    n: Literal["a", "b"]\n', "Make the two agree"),
        ("n: str = 'c'  # kind; one of a, b", '    n: Literal["a", "b"]\n', "is not allowed"),
        ("n: bool = 1  # whether", "    n: bool\n", "is not allowed"),
        ("n: bool = True", "    n: bool\n", "does not say in a comment what 'n' is"),
    ],
)
def test_a_cell_that_says_too_little_or_other_than_its_model_is_refused(
    tmp_path: Path, cell: str, fields: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        describe(model_of(tmp_path, fields), cell, "01_x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "There is no"),
        ("CHAPTERS = 1 / 0", "ZeroDivisionError"),
        ("", "CHAPTERS"),
        ("(", "("),
    ],
)
def test_models_that_cannot_be_read_are_refused(
    tmp_path: Path, text: str | None, message: str
) -> None:
    if text is not None:
        (tmp_path / "parameters.py").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        load_models(tmp_path)
    assert message in str(refusal.value) and "parameters.py" in str(refusal.value)


def test_a_chapter_without_a_model_is_refused(folder: Path) -> None:
    write(folder, "03_other", notebook([code(PARAMETERS, tags=["parameters"])]))
    text = (folder / "parameters.py").read_text("utf-8").replace("CHAPTERS['03_other']", "other")
    (folder / "parameters.py").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="no model of 03_other; it has: 01_calibration, 02_lock"):
        chapters.declared_parameters("03_other", folder)


@pytest.mark.parametrize("name", notebooks.chapter_names())
def test_every_number_that_a_chapter_takes_has_a_range(name: str) -> None:
    for parameter in chapters.declared_parameters(name).values():
        if parameter.type in ("int", "float"):
            assert -math.inf < parameter.low < parameter.high < math.inf


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
    name: str, value: Any, model: type[Parameters], declared: dict[str, Parameter]
) -> None:
    with pytest.raises(InputError, match=f"01_x: Parameter '{name}' was given .*; expected"):
        check_parameters("01_x", DEFAULTS | {name: value}, model, declared)


def test_a_whole_number_passes_as_a_float(
    model: type[Parameters], declared: dict[str, Parameter]
) -> None:
    accepted = check_parameters("01_x", DEFAULTS | {"scale": 2, "doses": [0]}, model, declared)
    assert accepted == DEFAULTS | {"scale": 2.0, "doses": [0.0]}
    assert isinstance(accepted["scale"], float)


def test_an_unknown_parameter_is_refused_with_all_that_are_known(
    model: type[Parameters], declared: dict[str, Parameter]
) -> None:
    with pytest.raises(
        InputError, match=r"no parameter 'n_start' \(did you mean 'n_starts'\?\)"
    ) as e:
        check_parameters("01_x", DEFAULTS | {"n_start": 3}, model, declared)
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
def test_command_line_texts_are_read_as_values(
    name: str, text: str, value: Any, model: type[Parameters], declared: dict[str, Parameter]
) -> None:
    given = DEFAULTS | {name: read_text(text)}
    assert check_parameters("01_x", given, model, declared)[name] == value


@pytest.mark.parametrize(
    ("name", "text"),
    [("n_starts", "many"), ("n_starts", "1.5"), ("doses", "1,2"), ("full", "1"), ("engine", "x")],
)
def test_command_line_texts_that_do_not_fit_are_refused(
    name: str, text: str, model: type[Parameters], declared: dict[str, Parameter]
) -> None:
    with pytest.raises(InputError, match=f"Parameter '{name}' was given '?{text}'?;"):
        check_parameters("01_x", DEFAULTS | {name: read_text(text)}, model, declared)


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
    with pytest.raises(InputError, match="parameter '.*' has no value; run the parameters cell"):
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
