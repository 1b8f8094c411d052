"""A chapter's page: each parameter as declared, its code folded, and nothing else moved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from example_chapters import chapter, markdown, write

from book.site import chapter_pages
from book.site.chapter_pages import allowed, parameter_block, stage_chapter
from qsp_lib.chapters import chapter as chapters
from qsp_lib.chapters import notebooks, parameters, results
from qsp_lib.chapters.results import Results
from qsp_lib.common import InputError

DECLARED = """\
n_draws: int = 200  # posterior draws; 50 to 20000
given_h: float = 6.0  # time of the rescue, h after the drug; -24 to 48
levels: list[float] = [540.0, 54000.0]  # other values of K_hook, ng/mL; 1 to 1e9
quick: bool = False  # leave the slow part out
engine: str = "diffsol"  # integrator; one of diffsol, scipy
"""
NUMBERS = Results("01_one", {"gap": -0.125, "holds": True}, {})
FIELDS = """\
    n_draws: Annotated[int, Field(ge=50, le=20000)]
    given_h: Annotated[float, Field(ge=-24, le=48)]
    levels: list[Annotated[float, Field(ge=1, le=1e9)]]
    quick: bool
    engine: Literal["diffsol", "scipy"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "01_one", chapter("01_one", "print(1)", parameters=DECLARED.strip()), FIELDS)
    return tmp_path


def test_every_parameter_has_its_row(folder: Path) -> None:
    rows = [line for line in parameter_block("01_one", folder).splitlines() if line[:3] == "| `"]
    assert rows == [
        "| `n_draws` | posterior draws | – | int | `200` | 50 to 20,000 |",
        "| `given_h` | time of the rescue, h after the drug | h | float | `6.0` | -24 to 48 |",
        "| `levels` | other values of K_hook, ng/mL | ng/mL | list of float | `[540.0, 54000.0]` "
        "| each 1 to 1,000,000,000 |",
        "| `quick` | leave the slow part out | – | bool | `False` | `True` or `False` |",
        "| `engine` | integrator | – | str | `'diffsol'` | `diffsol` or `scipy` |",
    ]


@pytest.mark.parametrize("name", notebooks.chapter_names())
def test_a_chapter_of_the_book_shows_what_run_lists(name: str) -> None:
    block = parameter_block(name, chapters.NOTEBOOKS)
    declared = chapters.declared_parameters(name)
    assert block.count("\n| `") == len(declared)
    for parameter in declared.values():
        row = next(line for line in block.splitlines() if line.startswith(f"| `{parameter.name}`"))
        assert parameter.help in row and f"`{parameter.default!r}`" in row
        assert allowed(parameter) in row


def test_a_staged_chapter_differs_by_the_table_and_the_folds_alone(
    folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "staged"
    target.mkdir()
    before = (folder / "01_one.ipynb").read_bytes()
    stage_chapter("01_one", folder, target, folder, NUMBERS)
    assert (folder / "01_one.ipynb").read_bytes() == before
    staged = json.loads((target / "01_one.ipynb").read_text("utf-8"))
    cell = staged["cells"].pop(1)
    assert cell["cell_type"] == "markdown" and chapter_pages.TITLE in cell["source"]
    committed = json.loads(before)
    for one, other in zip(staged["cells"], committed["cells"], strict=True):
        added = one["metadata"].pop("tags", [])
        kept = other["metadata"].pop("tags", [])
        assert added == [*kept, "hide-input"] if other["cell_type"] == "code" else added == kept
    assert staged == committed


def test_numbers_of_the_prose_are_filled_in_when_the_page_is_staged(tmp_path: Path) -> None:
    content = chapter("01_one")
    content["cells"].append(markdown("The gap is {{ gap | +0.00 }}."))
    content["cells"][-1]["metadata"] = {"qsp": {"says": {"holds": True}}}
    write(tmp_path, "01_one", content)
    (tmp_path / "staged").mkdir()
    stage_chapter("01_one", tmp_path, tmp_path / "staged", tmp_path, NUMBERS)
    staged = json.loads((tmp_path / "staged" / "01_one.ipynb").read_text("utf-8"))
    assert staged["cells"][-1]["source"] == "The gap is -0.12."
    other = Results("01_one", {"gap": 0.1, "holds": False}, {})
    with pytest.raises(InputError, match="01_one: holds is False; expected True, as in 'The gap"):
        stage_chapter("01_one", tmp_path, tmp_path / "staged", tmp_path, other)
    with pytest.raises(InputError, match="01_one says '{{ gap | \\+0.00 }}'.*no 'gap'"):
        stage_chapter(
            "01_one", tmp_path, tmp_path, tmp_path, Results("01_one", {"holds": True}, {})
        )


@pytest.mark.parametrize("name", notebooks.chapter_names())
def test_every_page_of_the_book_folds_its_code(name: str, tmp_path: Path) -> None:
    stage_chapter(
        name,
        chapters.NOTEBOOKS,
        tmp_path,
        chapters.NOTEBOOKS,
        results.load(name, results.COMMITTED),
    )
    cells = json.loads((tmp_path / f"{name}.ipynb").read_text("utf-8"))["cells"]
    open_code = [
        cell["source"]
        for cell in cells
        if cell["cell_type"] == "code" and "hide-input" not in cell["metadata"]["tags"]
    ]
    assert open_code == []


def test_a_chapter_without_parameters_says_so(tmp_path: Path) -> None:
    write(tmp_path, "01_one", chapter("01_one", "print(1)", parameters=""))
    assert "no parameters" in parameter_block("01_one", tmp_path)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("values, ng/mL", "ng/mL"),
        ("time of rescue, h after TGN1412", "h"),
        ("draws, each over 61 doses", ""),
        ("values, how many", ""),
        ("starts of the fit", ""),
        ("a rate, 1/h", "1/h"),
    ],
)
def test_a_unit_is_read_off_the_words(text: str, unit: str) -> None:
    assert parameters.Parameter("x", "float", False, 1.0, text, 0.0, 2.0).unit == unit
