"""What is said in two places is the same in both."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from qsp_lib import __version__

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TITLE = "One cytokine network, three drugs: an open test of a published claim"


def test_an_archive_is_told_what_the_citation_says() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    archived = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    for ours, theirs in (("title", "title"), ("version", "version"), ("keywords", "keywords")):
        assert archived[theirs] == citation[ours]
    assert archived["description"] == citation["abstract"]
    assert archived["license"] == citation["license"]
    assert archived["creators"] == citation["authors"]


def test_a_live_copy_and_a_container_have_a_python_and_files_that_are_there() -> None:
    tested = (ROOT / ".github" / "workflows" / "book.yml").read_text(encoding="utf-8")
    given = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    container = (ROOT / ".devcontainer" / "Dockerfile").read_text(encoding="utf-8")
    assert f'"{given}"' in tested and f"FROM python:{given}-" in container
    wanted = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8")
    named = re.findall(r"^-[rc] (.+)$", wanted, re.MULTILINE)
    assert len(named) == 2 and all((ROOT / "binder" / name).is_file() for name in named)
    settings = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert (ROOT / ".devcontainer" / settings["build"]["dockerfile"]).is_file()
    (target,) = re.findall(r"make (\w+)", settings["postCreateCommand"])
    assert f"\n{target}:" in (ROOT / "Makefile").read_text(encoding="utf-8")


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


@pytest.mark.parametrize("wanted", PROJECT["optional-dependencies"]["scale"])
def test_what_a_cluster_needs_is_installed_by_its_requirements_alone(wanted: str) -> None:
    package, rest = re.fullmatch(r"([\w.-]+)(.*)", wanted).groups()  # type: ignore[union-attr]
    assert requirements("requirements-cluster.txt")[package.lower()] == rest
    assert package not in requirements("requirements.txt")


@pytest.mark.parametrize("wanted", PROJECT["optional-dependencies"]["fast"])
def test_what_the_fast_engine_needs_is_installed_by_its_requirements_alone(wanted: str) -> None:
    package, rest = re.fullmatch(r"([\w.-]+)(.*)", wanted).groups()  # type: ignore[union-attr]
    assert requirements("requirements-fast.txt")[package.lower()] == rest
    assert package not in requirements("requirements.txt")


@pytest.mark.parametrize(
    "more", ["", "-site", "-interop", "-cluster", "-fast", "-bench", "-mutants"]
)
def test_every_requirement_has_one_exact_version(more: str) -> None:
    exact = requirements("constraints.txt")
    assert set(requirements(f"requirements{more}.txt")) <= set(exact)
    assert all(re.fullmatch(r"==[\w.+]+", version) for version in exact.values())


@pytest.mark.parametrize("version", [(3, 10, 12), (3, 14, 0)])
def test_a_python_that_is_too_old_or_too_new_is_refused_in_a_sentence(
    tmp_path: Path, version: tuple[int, ...]
) -> None:
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text(encoding="utf-8"))
    for name in ("requirements.txt", "constraints.txt", "pyproject.toml"):
        (tmp_path / name).touch()
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        told = f"import sys; sys.version_info = {version}; exec(sys.argv[1])"
        (tmp_path / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{told}" "$2"\n')
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    run = subprocess.run(
        ["make", "setup"], cwd=tmp_path, env={"PATH": path}, capture_output=True, text=True
    )
    assert run.returncode != 0 and not (tmp_path / ".venv").exists()
    assert "Python 3.11, 3.12 or 3.13 is needed and none was found" in run.stderr


def test_the_versions_of_python_are_said_alike() -> None:
    workflow = (ROOT / ".github" / "workflows" / "book.yml").read_text(encoding="utf-8")
    (tested,) = re.findall(r"python: (\[.*\])", workflow)
    first, *_, last = versions = yaml.safe_load(tested)
    after = f"3.{int(last.removeprefix('3.')) + 1}"
    assert PROJECT["requires-python"] == f">={first},<{after}"
    assert (
        f"Python {', '.join(versions[:-1])} or {last} and make" in (ROOT / "README.md").read_text()
    )
