"""What is said in two places is the same in both."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from qsp_lib import __version__

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TITLE = "One cytokine network, three drugs: an open test of a published claim"


def requirements(name: str) -> dict[str, str]:
    """Package name, in lower case, to the rest of its line."""
    found = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            package, rest = re.fullmatch(r"([\w.-]+)(.*)", line).groups()  # type: ignore[union-attr]
            found[package.lower().replace("_", "-")] = rest
    return found


def test_the_citation_has_the_version_and_the_title() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["title"] == TITLE
    assert PROJECT["description"] == TITLE
    assert (ROOT / "README.md").read_text(encoding="utf-8").startswith(f"# {TITLE}\n")


@pytest.mark.parametrize(
    "wanted",
    [
        *PROJECT["dependencies"],
        *PROJECT["optional-dependencies"]["chapters"],
        *(w for w in PROJECT["optional-dependencies"]["book"] if not w.startswith("qsp-crs[")),
    ],
)
def test_what_the_package_needs_is_installed_by_requirements(wanted: str) -> None:
    package, rest = re.fullmatch(r"([\w.-]+)(.*)", wanted).groups()  # type: ignore[union-attr]
    assert requirements("requirements.txt")[package.lower()] == rest


@pytest.mark.parametrize("wanted", PROJECT["optional-dependencies"]["interop"])
def test_what_exports_need_is_installed_by_its_requirements(wanted: str) -> None:
    package, rest = re.fullmatch(r"([\w.-]+)(.*)", wanted).groups()  # type: ignore[union-attr]
    assert requirements("requirements-interop.txt")[package.lower()] == rest


@pytest.mark.parametrize("more", ["", "-site", "-interop", "-bench"])
def test_every_requirement_has_one_exact_version(more: str) -> None:
    exact = requirements("constraints.txt")
    assert set(requirements(f"requirements{more}.txt")) <= set(exact)
    assert all(re.fullmatch(r"==[\w.+]+", version) for version in exact.values())
