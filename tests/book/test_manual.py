"""The manual: what the code makes of itself, and the commands that pages tell a reader to type."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from cases import quick

from book.pages import manual
from book.pages.fragments import FRAGMENTS, BookData
from book.site import site
from qsp_lib.__main__ import build_parser, main
from qsp_lib.chapters import results
from qsp_lib.commands.running import split_parameters
from qsp_lib.common import percent

ROOT = Path(__file__).resolve().parents[2]
BOOK = BookData(ROOT / "notebooks", results.load_all(ROOT / "results"))
PAGES = ("bring_your_drug", "command_line", "api")


assert site.FRAGMENTS is FRAGMENTS, "importing it registers every fragment"


@cache
def made(name: str) -> str:
    """The text of a fragment, whichever tests look at it."""
    return FRAGMENTS[name](BOOK)


def commands_in(page: str) -> list[list[str]]:
    """The command lines that a page shows after a dollar sign."""
    text = (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\$ qsp-crs (.+)$", text, re.MULTILINE)
    return [line.split() for line in lines]


@pytest.mark.parametrize("page", quick(PAGES, few=PAGES[1:]))
def test_every_fragment_of_a_page_is_made(page: str) -> None:
    text = (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")
    names = re.findall(r"\{include\} generated/(\w+)\.md", text)
    assert names
    for name in names:
        assert len(made(name)) > 100


@pytest.mark.thorough
def test_every_fragment_of_the_book_is_made_from_the_committed_results() -> None:
    for name in FRAGMENTS:
        text = made(name)
        assert text.strip() and text.endswith("\n"), name
        assert "nan" not in re.findall(r"\b\w+\b", text.lower()) or name.startswith("api"), name


@pytest.mark.thorough
def test_the_commands_of_the_page_do_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in commands_in("bring_your_drug"):
        assert main(arguments) == 0, arguments
    assert "severity index z" in capsys.readouterr().out
    assert len(list((tmp_path / "predicted").iterdir())) == 3
    assert (tmp_path / "fitted" / "my-drug-fitted.toml").is_file()


def test_the_python_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new-drug", "my_drug.toml"]) == 0
    text = (ROOT / "book" / "bring_your_drug.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.+?)```", text, re.DOTALL)
    namespace: dict[str, object] = {}
    exec(compile(code, "bring_your_drug.md", "exec"), namespace)
    assert namespace["numbers"]["drug"] == "my-drug"  # type: ignore[index]


def test_no_result_is_typed_on_the_page() -> None:
    """Numbers of the prose are settings and definitions; results come from fragments."""
    text = (ROOT / "book" / "bring_your_drug.md").read_text(encoding="utf-8")
    no_prose = r"```.*?```|`[^`]*`|\]\([^)]*\)|\b[A-Z]{2}\d{3}\b"
    prose = re.sub(no_prose, "", text, flags=re.DOTALL)
    assert set(re.findall(r"\d+(?:\.\d+)?", prose)) <= {"3", "5", "6", "10", "17", "50", "68", "95"}


@pytest.mark.thorough
def test_the_file_of_the_page_is_the_template() -> None:
    (text,) = re.findall(r"```toml\n(.+?)```", made("own_drug_file"), re.DOTALL)
    assert tomllib.loads(text)["role"] == "user"
    assert "step-up" in made("own_drug_output") and "lock v" in made("own_drug_output")
    assert made("own_drug_regimens").count("\n") == 5
    assert "kept sample of its posterior" in made("own_drug_output")
    assert "with residual error" in made("own_data_output") and "p3,clinical" in made(
        "own_data_file"
    )
    assert "K_hook" in made("class_defaults") and "| `k_exh`" not in made("class_defaults")


def test_the_reading_of_the_example_has_its_numbers() -> None:
    text, arm = made("own_drug_reading"), manual.example(manual.STEP_UP).untreated
    for value in vars(arm.severity).values():
        assert f"{value:.2f}" in text
    assert arm.grade_shares is not None
    assert f"{percent(arm.grade_shares[1])} in grade 1" in text or not arm.grade_shares[1]


def test_the_help_of_every_command_is_in_the_book() -> None:
    text = made("command_line")
    for name in (
        "predict",
        "compare",
        "first-dose",
        "steps",
        "gap",
        "fit",
        "new-data",
        "drugs",
        "new-drug",
        "evidence",
        "parameters",
        "lock show",
        "lock verify",
        "lock history",
        "lock make",
        "lock predict",
        "open",
        "run",
        "site",
        "check",
    ):
        assert f"## qsp-crs {name}\n" in text
    assert [name for name, _ in manual.commands(build_parser())][0] == "qsp-crs predict"
    assert split_parameters([]) == []
