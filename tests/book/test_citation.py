"""CITATION.cff and codemeta.json, written by hand: valid, and of one mind with the package."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from qsp_lib import __version__

ROOT = Path(__file__).resolve().parents[2]
VENDOR = Path(__file__).parent / "vendor"
CFF = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
CODEMETA = json.loads((ROOT / "codemeta.json").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_citation_is_valid_and_a_spoilt_one_is_not() -> None:
    schema = json.loads((VENDOR / "cff-1.2.0.schema.json").read_text(encoding="utf-8"))
    checker = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in checker.iter_errors(CFF)] == []
    for spoilt in (CFF | {"authors": []}, CFF | {"license": "my own"}):
        assert list(checker.iter_errors(spoilt))


def test_every_term_of_codemeta_is_one_of_its_context() -> None:
    context = json.loads((VENDOR / "codemeta-3.0.jsonld").read_text("utf-8"))["@context"]
    content = dict(CODEMETA)
    assert content.pop("@context") == "https://w3id.org/codemeta/3.0"

    def terms(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value) | set().union(*map(terms, value.values()))
        return set().union(*map(terms, value)) if isinstance(value, list) else set()

    assert terms(content) <= set(context)
    assert {"name", "version", "license", "author", "softwareRequirements"} <= set(content)


def test_both_say_version_and_title_of_the_package() -> None:
    assert CFF["version"] == CODEMETA["version"] == __version__
    assert CFF["title"] == CODEMETA["name"] == PROJECT["description"]
    assert CODEMETA["identifier"] == PROJECT["name"]
    assert CFF["keywords"] == CODEMETA["keywords"] == PROJECT["keywords"]


def test_both_name_its_authors() -> None:
    names = [author["name"] for author in PROJECT["authors"]]
    assert [a["name"] for a in CFF["authors"]] == [a["name"] for a in CODEMETA["author"]] == names


def test_both_name_its_licence() -> None:
    assert PROJECT["license"] == {"file": "LICENSE"}
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith(f"{CFF['license']} License\n")
    assert f"License :: OSI Approved :: {CFF['license']} License" in PROJECT["classifiers"]
    assert CODEMETA["license"] == f"https://spdx.org/licenses/{CFF['license']}"


def test_both_sum_up_as_the_readme_does() -> None:
    paragraphs = (ROOT / "README.md").read_text(encoding="utf-8").split("\n\n")
    assert CFF["abstract"] == CODEMETA["description"] == " ".join(paragraphs[1].split())


def test_codemeta_names_what_the_package_needs() -> None:
    needed = [one["name"] + one.get("version", "") for one in CODEMETA["softwareRequirements"]]
    assert needed == PROJECT["dependencies"]
    assert CODEMETA["runtimePlatform"] == f"Python {PROJECT['requires-python']}"


def test_neither_has_a_date_of_its_own() -> None:
    """A release is dated by its tag."""
    assert not [key for key in (*CFF, *CODEMETA) if "date" in key.lower()]
