"""How to cite the work: ``CITATION.cff`` and ``codemeta.json`` from the project's own metadata.

Title, version, authors, keywords, licence and requirements come from ``pyproject.toml`` and
:data:`qsp_lib.__version__`, the summary from the first paragraph of the README. Both files are
generated, so they cannot disagree. Neither has a date: a release is dated by its tag.

Source: the Citation File Format 1.2.0, doi 10.5281/zenodo.5171937; CodeMeta 3.0.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from qsp_lib import __version__
from qsp_lib.common import InputError, write_text_atomic

CFF, CODEMETA = "CITATION.cff", "codemeta.json"
MESSAGE = (
    "If you use this work, please cite it as below, and the primary sources its data tables name."
)
SPDX = "https://spdx.org/licenses/"
_LICENCES = {"License :: OSI Approved :: MIT License": "MIT"}


@dataclass(frozen=True)
class Work:
    """What is cited.

    Attributes:
        name: of the package.
        title: of the work.
        summary: one paragraph.
        version: as in ``qsp_lib.__version__``.
        authors: names of people or groups.
        keywords: in order.
        licence: SPDX identifier of the code's licence.
        python: which Python versions it runs on, such as ``">=3.11"``.
        requirements: direct packages of the core, with their bounds.
    """

    name: str
    title: str
    summary: str
    version: str
    authors: tuple[str, ...]
    keywords: tuple[str, ...]
    licence: str
    python: str
    requirements: tuple[str, ...]


def work(root: Path) -> Work:
    """The project's metadata.

    Args:
        root: the checkout.

    Raises:
        InputError: ``pyproject.toml`` or the README is missing or has not what is needed.
    """
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        readme = (root / "README.md").read_text(encoding="utf-8")
        licences = [_LICENCES[c] for c in project["classifiers"] if c in _LICENCES]
        return Work(
            name=project["name"],
            title=project["description"],
            summary=_first_paragraph(readme),
            version=__version__,
            authors=tuple(author["name"] for author in project["authors"]),
            keywords=tuple(project["keywords"]),
            licence=licences[0],
            python=project["requires-python"],
            requirements=tuple(project["dependencies"]),
        )
    except (OSError, KeyError, IndexError, tomllib.TOMLDecodeError) as problem:
        raise InputError(
            f"the project's metadata cannot be read from {root} ({problem!r}); expected a "
            "pyproject.toml with title, authors, keywords and licence, and a README.md."
        ) from None


def _first_paragraph(readme: str) -> str:
    """The paragraph below the title, on one line."""
    paragraphs = [part.strip() for part in readme.split("\n\n")]
    return next(" ".join(p.split()) for p in paragraphs if p and not p.startswith("#"))


def cff(work: Work) -> str:
    """``CITATION.cff``."""
    lines = [
        "# Generated from pyproject.toml and README.md by: qsp-crs export --metadata",
        "cff-version: 1.2.0",
        f"message: {MESSAGE}",
        f"title: {_quoted(work.title)}",
        f"abstract: {_quoted(work.summary)}",
        "type: software",
        f"version: {work.version}",
        "authors:",
        *(f"  - name: {_quoted(author)}" for author in work.authors),
        f"license: {work.licence}",
        "keywords:",
        *(f"  - {_quoted(keyword)}" for keyword in work.keywords),
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Text as YAML reads it back whatever it holds: a JSON string is one."""
    return json.dumps(text, ensure_ascii=False)


def codemeta(work: Work) -> str:
    """``codemeta.json``."""
    content = {
        "@context": "https://w3id.org/codemeta/3.0",
        "type": "SoftwareSourceCode",
        "identifier": work.name,
        "name": work.title,
        "description": work.summary,
        "version": work.version,
        "license": SPDX + work.licence,
        "author": [{"type": "Organization", "name": author} for author in work.authors],
        "keywords": list(work.keywords),
        "programmingLanguage": {"type": "ComputerLanguage", "name": "Python"},
        "runtimePlatform": f"Python {work.python}",
        "softwareRequirements": [_requirement(text) for text in work.requirements],
        "readme": "README.md",
        "isAccessibleForFree": True,
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _requirement(text: str) -> dict[str, str]:
    match = re.fullmatch(r"([\w.-]+)(.*)", text)
    if match is None:
        raise InputError(f"{text!r} is not a requirement; expected a name and perhaps a bound.")
    found = {"type": "SoftwareApplication", "name": match[1]}
    return found | ({"version": match[2]} if match[2] else {})


def write(root: Path) -> tuple[Path, ...]:
    """Write both files into the checkout."""
    known = work(root)
    return (
        write_text_atomic(root / CFF, cff(known)),
        write_text_atomic(root / CODEMETA, codemeta(known)),
    )
