"""CITATION.cff and codemeta.json say the same, are valid, and are current."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from book.site import citation_files as citation
from qsp_lib import __version__
from qsp_lib.common.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
VENDOR = Path(__file__).parent / "vendor"
WORK = citation.work(ROOT)


def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((VENDOR / "cff-1.2.0.schema.json").read_text("utf-8"))
    return found


def test_the_committed_files_are_current() -> None:
    for name, text in (
        (citation.CFF, citation.cff(WORK)),
        (citation.CODEMETA, citation.codemeta(WORK)),
    ):
        found = (ROOT / name).read_text(encoding="utf-8")
        assert found == text, f"{name} is not current: run qsp-crs export --metadata"


def test_the_citation_is_valid_and_a_spoilt_one_is_not() -> None:
    content = yaml.safe_load(citation.cff(WORK))
    checker = jsonschema.Draft7Validator(schema(), format_checker=jsonschema.FormatChecker())
    assert [error.message for error in checker.iter_errors(content)] == []
    for spoilt in (content | {"authors": []}, content | {"license": "my own"}):
        assert list(checker.iter_errors(spoilt))


def test_every_term_of_codemeta_is_one_of_its_context() -> None:
    context = json.loads((VENDOR / "codemeta-3.0.jsonld").read_text("utf-8"))["@context"]
    content = json.loads(citation.codemeta(WORK))
    assert content.pop("@context") == "https://w3id.org/codemeta/3.0"

    def terms(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value) | set().union(*map(terms, value.values()))
        return set().union(*map(terms, value)) if isinstance(value, list) else set()

    assert terms(content) <= set(context)
    assert {"name", "version", "license", "author", "softwareRequirements"} <= set(content)


def test_both_say_what_the_project_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cff, codemeta = yaml.safe_load(citation.cff(WORK)), json.loads(citation.codemeta(WORK))
    assert cff["version"] == codemeta["version"] == __version__
    assert cff["title"] == codemeta["name"] == project["description"]
    assert cff["abstract"] == codemeta["description"]
    assert cff["keywords"] == codemeta["keywords"] == project["keywords"]
    assert codemeta["license"].endswith("/" + cff["license"])
    names = [author["name"] for author in project["authors"]]
    assert [a["name"] for a in cff["authors"]] == [a["name"] for a in codemeta["author"]] == names
    needed = [one["name"] + one.get("version", "") for one in codemeta["softwareRequirements"]]
    assert needed == project["dependencies"]


def test_a_title_with_quotes_and_colons_is_read_back(tmp_path: Path) -> None:
    title = 'He said: "so", # and it\\was'
    toml = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    toml = toml.replace(json.dumps(WORK.title), json.dumps(title))
    (tmp_path / "pyproject.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "README.md").write_text("# Title\n\nOne\nsentence.\n\nMore.\n", encoding="utf-8")
    paths = citation.write(tmp_path)
    cff, codemeta = (path.read_text(encoding="utf-8") for path in paths)
    assert yaml.safe_load(cff)["title"] == json.loads(codemeta)["name"] == title
    assert yaml.safe_load(cff)["abstract"] == "One sentence."


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="metadata cannot be read .* expected a pyproject.toml"):
        citation.work(tmp_path)
