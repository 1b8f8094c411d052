"""The reference covers the package as its folders are, and says what docstrings say."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_documented import MODULES

from book.pages.fragments import BookData
from book.site import api_reference

ROOT = Path(__file__).resolve().parents[2]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]

BOOK = BookData(ROOT / "notebooks", {})

MADE_UP = '''
"""A module made up for a test."""
from __future__ import annotations
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, Field

Array = NDArray[np.float64]
Share = Annotated[float, Field(ge=0)]
LIMIT = Path("/somewhere/of/this/machine")
"""The end of a range: never reached."""

class Refused(Exception):
    """What is refused."""

class Colour(enum.Enum):
    """A colour."""
    RED = 1
    GREEN = 2

class Row(BaseModel):
    """One row."""
    share: Share

@dataclass(frozen=True)
class Course:
    """A course.

    Attributes:
        level: over time.
    """
    level: Array

def peaks(values: ArrayLike, keep: NDArray[np.bool_], where: Path = LIMIT) -> Mapping[str, Course]:
    """Highest levels, `once` or :func:`twice`.

    Args:
        values: of one course.
        keep, where: which of them.

    Returns:
        By name: the highest level, in pg/mL.

    Raises:
        Refused: there is no course.
    """

def twice() -> None:
    """Nothing.

    >>> 1 + 1
    2
    """
'''


def sphinx(folder: Path) -> subprocess.CompletedProcess[str]:
    """Pages built with the book's settings for docstrings, without the book."""
    wanted = ("autodoc", "autosummary", "napoleon", "add_module", "python_", "default_role")
    settings: dict[str, Any] = {k: v for k, v in CONFIG.items() if k.startswith(wanted)}
    settings["extensions"] = [
        name
        for name in CONFIG["extensions"]
        if name.startswith("sphinx.ext.") or name == "book.site.api_reference"
    ]
    settings["extensions"].append("myst_parser")
    lines = [f"{key} = {value!r}" for key, value in settings.items()]
    (folder / "conf.py").write_text("\n".join(lines), encoding="utf-8")
    return subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "-b", "html", "-W", "-n", "-q", "--keep-going"),
            *(str(folder), str(folder / "html")),
        ],
        env={"PYTHONPATH": f"{folder}:{ROOT}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def built(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """The page of one module that is made up."""
    (folder / "made_up.py").write_text(source, encoding="utf-8")
    page = api_reference.page("The page", ["made_up"])
    (folder / "index.md").write_text(page, encoding="utf-8")
    return sphinx(folder)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("reference")
    made = built(folder, MADE_UP)
    assert made.returncode == 0, made.stderr
    return (folder / "html" / "index.html").read_text(encoding="utf-8")


def words(page: str, name: str) -> str:
    """What a page says of one thing, from its signature to the end of its description."""
    (found,) = re.findall(rf'<dt [^>]*id="{re.escape(name)}">.*?</dd></dl>', page, re.DOTALL)
    text = re.sub(r"<a class=\"headerlink\".*?</a>|<[^>]+>", "", found, flags=re.DOTALL)
    return " ".join(html.unescape(text).split())


def test_every_public_module_is_on_the_page_of_its_wing() -> None:
    wings = api_reference.wings()
    placed = [name for modules in wings.values() for name in modules]
    expected = [name for name in MODULES if not re.search(r"\._", name)]
    assert sorted(placed) == expected
    assert all(name.split(".")[1] == wing for wing, names in wings.items() for name in names)


def test_a_new_folder_is_a_wing_and_what_is_private_or_no_package_is_not(tmp_path: Path) -> None:
    package = tmp_path / "somelib"
    for name in (
        "__init__.py",
        "__main__.py",
        "new/__init__.py",
        "new/one.py",
        "new/_own.py",
        "new/deep/__init__.py",
        "new/deep/two.py",
        "_hidden/__init__.py",
        "data/three.py",
    ):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).touch()
    assert api_reference.wings(package) == {
        "new": ("somelib.new", "somelib.new.deep", "somelib.new.deep.two", "somelib.new.one")
    }


def test_every_wing_has_its_page_in_the_book(tmp_path: Path) -> None:
    written = api_reference.write_pages(tmp_path)
    assert [path.stem for path in written] == [f"api_{wing}" for wing in api_reference.wings()]
    listed = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"][-1]
    globs = [entry["glob"] for entry in listed["chapters"] if "glob" in entry]
    assert all(path in set(tmp_path.glob(Path(globs[0]).name)) for path in written)


def test_a_wing_says_what_it_hands_on() -> None:
    text = api_reference.page("qsp_lib.model", api_reference.wings()["model"])
    (said,) = re.findall(r"^To import from here: (.*)\.$", text, re.MULTILINE)
    assert "{py:obj}`simulate <qsp_lib.model.simulate>`" in said.split(", ")
    assert "`STATES`" in said.split(", ")  # a constant has no place that can be asked for


@pytest.mark.thorough
def test_what_is_returned_is_said_and_not_taken_for_a_type(page: str) -> None:
    said = words(page, "made_up.peaks")
    assert "Returns: By name: the highest level, in pg/mL." in said
    assert "Return type" not in said
    assert "The end of a range: never reached." in words(page, "made_up.LIMIT")


@pytest.mark.thorough
def test_a_signature_is_as_in_the_source_whatever_the_machine(page: str) -> None:
    said = words(page, "made_up.peaks")
    assert "values: ArrayLike" in said and "keep: NDArray[bool_]" in said.replace("np.", "")
    assert "where: Path = LIMIT" in said and "→ Mapping[str, Course]" in said
    assert "level: Array" in words(page, "made_up.Course")
    assert "/somewhere" not in page


@pytest.mark.thorough
def test_an_enumeration_shows_its_members_and_a_checked_row_its_fields(page: str) -> None:
    assert 'id="made_up.Colour.RED"' in page and 'id="made_up.Colour.GREEN"' in page
    assert "class Colour A colour." in re.sub(r"[¶#]", "", words(page, "made_up.Colour"))
    assert "Row(*, share: Share)" in words(page, "made_up.Row")
    assert "model_config" not in page


@pytest.mark.thorough
def test_sections_become_fields_and_names_become_links(page: str) -> None:
    said = words(page, "made_up.peaks")
    assert "Parameters: values – of one course. keep – which of them. where" in said
    assert "Raises: Refused – there is no course." in said
    for name in ("twice", "Refused", "Course"):
        assert f'href="#made_up.{name}"' in page
    assert re.search(r"<code[^>]*><span class=\"pre\">once</span></code>", page)


@pytest.mark.thorough
def test_a_docstring_that_names_what_is_not_there_fails_the_build(tmp_path: Path) -> None:
    made = built(tmp_path, MADE_UP.replace(":func:`twice`", ":func:`thrice`"))
    assert made.returncode and "reference target not found: thrice" in made.stderr
