"""The checkout as an RO-Crate: what is data, where it came from, and which run made it.

``ro-crate-metadata.json`` lies at the root, so that a clone or an archive of the repository is a
crate and every path in it is a path of the repository. It lists each file of data, each chapter
and each export with its size, SHA-256 and licence; prose and code are listed without a hash. A
chapter's execution is an action: its notebook, its parameters, what it read, what it wrote.

The crate is the last file written. It holds the hash of the manifest of the exports; neither the
manifest nor any other file holds the crate's, so there is no circle. Its date is the lock
record's, and every id is given here: left alone, the rocrate library would take the time and draw
ids, and would not write the same bytes for the same files.

Source: RO-Crate 1.1, doi 10.5281/zenodo.4541002; Process Run Crate 0.5,
https://w3id.org/ro/wfrun/process/0.5.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from qsp_lib import __version__
from qsp_lib.chapters import chapter as chapters
from qsp_lib.chapters import notebooks, results
from qsp_lib.common import InputError, write_text_atomic
from qsp_lib.protocol import Record

CRATE, CODEMETA = "ro-crate-metadata.json", "codemeta.json"
SPDX = "https://spdx.org/licenses/"
_NUMBER = "1.1"
VERSION = f"https://w3id.org/ro/crate/{_NUMBER}"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
_DONE = "http://schema.org/CompletedActionStatus"
_DATA, _CODE, _PROSE = "qsp_lib/data/", "qsp_lib/", "book/"
_MIT, _BY, _ZERO = (SPDX + name for name in ("MIT", "CC-BY-4.0", "CC0-1.0"))
_LICENCES = {
    _MIT: ("MIT License", "code"),
    _BY: ("Creative Commons Attribution 4.0 International", "prose and figures"),
    _ZERO: ("Creative Commons Zero 1.0 Universal", "data tables and numbers"),
}
_FORMATS = {
    ".bib": "application/x-bibtex",
    ".cff": "application/yaml",
    ".csv": "text/csv",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".omex": "application/zip",
    ".py": "text/x-python",
    ".toml": "application/toml",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".xml": "application/sbml+xml",
    ".yaml": "application/yaml",
    "": "text/plain",
}


@dataclass(frozen=True)
class Group:
    """Files that one sentence describes.

    Attributes:
        pattern: of their paths from the root.
        words: what they are.
        licences: under which they are.
        hashed: whether size and hash are given; not for prose, which changes freely.
    """

    pattern: str
    words: str
    licences: tuple[str, ...]
    hashed: bool = True


GROUPS = (
    Group(f"{_DATA}evidence/*.csv", "published numbers, each with its source", (_ZERO,)),
    Group(f"{_DATA}drugs/*.toml", "inputs and regimens of a drug", (_ZERO,)),
    Group(f"{_DATA}templates/*.toml", "a drug file to start from", (_ZERO,)),
    Group(f"{_DATA}locks/*.json", "a lock record", (_ZERO,)),
    Group(f"{_DATA}predictions/*.json", "a prediction made from a lock record", (_ZERO,)),
    Group(f"{_DATA}profiles/*.json", "profile likelihoods made from a lock record", (_ZERO,)),
    Group(f"{_DATA}**/*", "a table that the model or the book reads", (_ZERO,)),
    Group("notebooks/*.ipynb", "a chapter with its outputs", (_MIT, _BY)),
    Group("notebooks/parameters.py", "what the parameters of the chapters may be", (_MIT,)),
    Group("results/*.json", "the numbers of a chapter", (_ZERO,)),
    Group("exports/**/*", "the locked model in an exchange format", (_MIT, _ZERO)),
    Group("book/references.bib", "the literature", (_ZERO,)),
    Group("constraints.txt", "the packages the work was made with", (_MIT,)),
    Group("README.md", "what this is and how to run it", (_BY,), hashed=False),
    Group("CHANGELOG.md", "what changed", (_BY,), hashed=False),
    Group("LICENSES.md", "which licence covers what", (_BY,), hashed=False),
    Group("LICENSE", "the licence of the code", (_MIT,), hashed=False),
    Group("CITATION.cff", "how to cite this", (_ZERO,), hashed=False),
    Group("codemeta.json", "what software this is", (_ZERO,), hashed=False),
)
"""What the crate lists; a file belongs to the first group it fits."""


def listed(root: Path) -> dict[str, Group]:
    """Path from the root to group, of every file of the crate, in order of path.

    Raises:
        InputError: a group has no file: the folder is not a whole checkout.
    """
    found: dict[str, Group] = {}
    for group in GROUPS:
        paths = [path for path in root.glob(group.pattern) if path.is_file()]
        if not paths:
            raise InputError(
                f"there is no {group.pattern} in {root}; expected a whole checkout. Write the "
                "exports first: qsp-crs export."
            )
        for path in paths:
            name = path.relative_to(root).as_posix()
            if not any(part.startswith((".", "__")) for part in name.split("/")):
                found.setdefault(name, group)
    return dict(sorted(found.items()))


def metadata(root: Path, record: Record) -> str:
    """The text of ``ro-crate-metadata.json``; the same for the same files.

    Raises:
        InputError: something that the crate lists is missing.
    """
    content = describe(root, record).metadata.generate()
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def describe(root: Path, record: Record) -> ROCrate:
    """The checkout as a crate.

    Raises:
        InputError: something that the crate lists is missing.
    """
    files, software = listed(root), _software(root)
    crate = ROCrate(version=_NUMBER)
    crate.metadata.extra_terms.update(_TERMS)
    licences = {
        name: _note(crate, name, "CreativeWork", name=title, description=f"For {what}.")
        for name, (title, what) in _LICENCES.items()
    }
    authors = _one_or_all(
        [
            _note(
                crate,
                f"#{_slug(author['name'])}",
                "Organization",
                name=author["name"],
                url="./CITATION.cff",
            )
            for author in software["author"]
        ]
    )
    python = _note(
        crate,
        "#python",
        "ComputerLanguage",
        name="Python",
        url="https://www.python.org/",
        version=software["runtimePlatform"].removeprefix("Python "),
    )
    for name, group in files.items():
        properties = _file(root, name, group) | {
            "license": _one_or_all([licences[one] for one in group.licences])
        }
        if name.endswith(".ipynb"):
            properties |= {"programmingLanguage": python, "version": __version__}
        crate.add_file(dest_path=name, properties=properties)
    code = crate.add_dataset(
        dest_path=_CODE,
        properties={
            "@type": ["Dataset", "SoftwareSourceCode"],
            "name": "qsp_lib",
            "description": "The model, its fits and its analyses, as a Python package.",
            "version": software["version"],
            "license": licences[_MIT],
            "author": authors,
            "programmingLanguage": python,
            "runtimePlatform": software["runtimePlatform"],
            "softwareRequirements": crate.get("constraints.txt"),
        },
    )
    data = crate.add_dataset(
        dest_path=_DATA,
        properties={
            "name": "Inputs",
            "description": "Evidence, drug files, priors, observations and lock records.",
            "license": licences[_ZERO],
            "hasPart": [crate.get(name) for name in files if name.startswith(_DATA)],
        },
    )
    crate.add_dataset(
        dest_path=_PROSE,
        properties={
            "name": "Prose",
            "description": "The pages of the book.",
            "license": licences[_BY],
        },
    )
    lock = _lock_file(crate, record)
    actions = [
        *(_run(crate, root, name, lock) for name in notebooks.chapter_names(root / "notebooks")),
        crate.add_action(
            code,
            "#export",
            object=[lock, data],
            result=[crate.get(name) for name in files if name.startswith("exports/")],
            properties={
                "name": "Export of the locked model",
                "description": "qsp-crs export",
            },
        ),
    ]
    for action in actions:
        action["agent"], action["actionStatus"] = authors, _DONE
    whole = {
        "name": software["name"],
        "description": software["description"],
        "datePublished": record.date,
        "version": software["version"],
        "license": list(licences.values()),
        "author": authors,
        "publisher": authors,
        "keywords": software["keywords"],
        "mentions": actions,
        "conformsTo": _note(
            crate, PROFILE, "CreativeWork", name="Process Run Crate", version="0.5"
        ),
    }
    for key, value in whole.items():
        crate.root_dataset[key] = value
    return crate


def _software(root: Path) -> dict[str, Any]:
    """What ``codemeta.json`` says of the work as a whole."""
    try:
        found: dict[str, Any] = json.loads((root / CODEMETA).read_text(encoding="utf-8"))
    except ValueError as problem:
        raise InputError(f"{CODEMETA} is no JSON ({problem}); mend it by hand.") from None
    return found


def write(root: Path, record: Record) -> Path:
    """Write the crate of a checkout; everything it lists has to be there."""
    return write_text_atomic(root / CRATE, metadata(root, record))


def _note(crate: ROCrate, place: str, kind: str, /, **words: Any) -> Entity:
    """Something that files point at and that is no file itself."""
    return crate.add(ContextEntity(crate, place, {"@type": kind, **words}))


def _file(root: Path, name: str, group: Group) -> dict[str, Any]:
    path = Path(name)
    if path.suffix not in _FORMATS:
        raise InputError(
            f"{name} is of no known format; expected one of {sorted(_FORMATS)}. Name its format "
            "in book/site/crate.py."
        )
    is_chapter = path.suffix == ".ipynb"
    found: dict[str, Any] = {
        "@type": ["File", "SoftwareSourceCode"] if is_chapter else "File",
        "name": _chapter_title(root, path.stem) if is_chapter else path.name,
        "description": f"{group.words[0].upper()}{group.words[1:]}.",
        "encodingFormat": _FORMATS[path.suffix],
    }
    if group.hashed:
        data = (root / name).read_bytes()
        found |= {"contentSize": str(len(data)), "sha256": hashlib.sha256(data).hexdigest()}
    return found


def _run(crate: ROCrate, root: Path, name: str, lock: Entity) -> Entity:
    """The execution of a chapter, and the parameters it had."""
    made = results.load(name, root / "results")
    declared = chapters.declared_parameters(name, root / "notebooks")
    given = [
        _note(
            crate,
            f"#{name}/{key}",
            "PropertyValue",
            name=key,
            value=value if isinstance(value, int | float | str) else json.dumps(value),
            description=declared[key].help,
        )
        for key, value in made.parameters.items()
    ]
    earlier = notebooks.dependencies(name, root / "notebooks")
    read = [crate.get(_DATA), *([lock] if made.lock else [])]
    return crate.add_action(
        crate.get(f"notebooks/{name}.ipynb"),
        f"#run-{name}",
        object=[*read, *(crate.get(f"results/{n}.json") for n in earlier), *given],
        result=crate.get(f"results/{name}.json"),
        properties={
            "name": f"Execution of {_chapter_title(root, name)}",
            "description": f"python -m qsp_lib run {name} --in-place",
        },
    )


def _lock_file(crate: ROCrate, record: Record) -> Entity:
    name = f"{_DATA}locks/lock-{record.version}.json"
    if name not in crate:
        raise InputError(f"there is no {name} for the crate; restore it.")
    return crate.get(name)


def _chapter_title(root: Path, name: str) -> str:
    return notebooks.title_of(notebooks.read_notebook(name, root / "notebooks"), name)


def _one_or_all(found: Sequence[Entity]) -> Entity | Sequence[Entity]:
    """What a property points at: one alone is not to be a list."""
    return found[0] if len(found) == 1 else found


def _slug(text: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in text).lower().split())
