"""All exports at once, and the manifest that says what they were made from.

The manifest lets a check that needs no special library say whether the exports on file belong
to the current lock record and the current equations, and whether a file was changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .. import __version__
from ..common import InputError, canonical_json, which_inputs, write_bytes_atomic
from ..model import equations_digest
from ..protocol import Record
from . import combine, petab, sbml

MANIFEST = "manifest.json"
SCHEMA = 1
Files = dict[str, bytes]
"""Content by path below the folder of the exports, parts joined by ``/``."""


def _sbml(record: Record) -> Files:
    return {f"sbml/{name}.xml": text.encode() for name, text in sbml.models(record).items()}


def _combine(record: Record) -> Files:
    return {combine.NAME: combine.archive(record)}


def _petab(record: Record) -> Files:
    return {f"{petab.FOLDER}/{path}": text.encode() for path, text in petab.files(record).items()}


EXPORTERS: tuple[Callable[[Record], Files], ...] = (_sbml, _combine, _petab)


def everything(record: Record) -> Files:
    """Every exported file, the manifest last; the same bytes for the same record.

    Raises:
        InputError: a record of other inputs than the current ones, whose regimens and
            observations the exporters take; or python-libsbml is not installed.
    """
    if record.inputs != which_inputs():
        raise InputError(
            f"lock {record.version} was given, which is of inputs {record.inputs}; expected a lock "
            f"of inputs {which_inputs()}, as the regimens and the joint fit that are exported are "
            f"those. Export one of its drugs, as in 'qsp-crs export tgn1412 --lock "
            f"{record.version}', or take its exports from the history of the repository."
        )
    files: Files = {}
    for exporter in EXPORTERS:
        files |= exporter(record)
    files = dict(sorted(files.items()))
    return files | {MANIFEST: manifest(record, files)}


def packs(files: Mapping[str, bytes], date: str) -> Files:
    """What the site offers in one file and the repository file by file, by its name.

    Args:
        files: exported files by path; others than those packed may be among them.
        date: of the lock record, ``YYYY-MM-DD``.
    """
    inside = {path: files[path] for path in sorted(files) if path.startswith(f"{petab.FOLDER}/")}
    return {petab.PACK: combine.packed(inside, date)}


def manifest(record: Record, files: Mapping[str, bytes]) -> bytes:
    """What the files were made from, and the SHA-256 of each and of what they are packed into."""
    content = {
        "schema": SCHEMA,
        "lock": record.summary,
        "equations_sha256": equations_digest(record.network.feedback, record.network.t_cells),
        "qsp_lib": __version__,
        "files": {path: hashlib.sha256(data).hexdigest() for path, data in files.items()},
        "packed": {
            name: hashlib.sha256(data).hexdigest()
            for name, data in packs(files, record.date).items()
        },
    }
    return canonical_json(content).encode()


def write(record: Record, folder: Path) -> list[Path]:
    """Write every exported file below a folder, which is made if it is not there.

    The manifest of an earlier export goes first and the new one is written last, so a set that
    was not finished has none. Files of other names are left alone.

    Returns:
        The files written, in order.

    Raises:
        InputError: a library is not installed, the folder cannot be written, or its manifest is
            not one of exports.
    """
    _require_free(folder)
    files = everything(record)
    (folder / MANIFEST).unlink(missing_ok=True)
    written = []
    for path, data in files.items():
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise InputError(
                f"The folder {target.parent} cannot be made ({problem.strerror}); name another."
            ) from None
        written.append(write_bytes_atomic(target, data))
    return written


def _require_free(folder: Path) -> None:
    """Refuse, before anything is made, a place that is no folder or holds another's manifest."""
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise InputError(f"{nearest} is not a folder; name another to write exports to.")
    if not (folder / MANIFEST).exists():
        return
    try:
        read_manifest(folder)
    except InputError:
        raise InputError(
            f"{folder / MANIFEST} is not a manifest of exports and is not written over; name "
            "another folder."
        ) from None


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder of exports.

    Raises:
        InputError: there is none, or it is of another schema.
    """
    try:
        content: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = {}
    if not isinstance(content, dict) or {"schema", "lock", "files"} - content.keys():
        content = {}
    if content.get("schema") != SCHEMA:
        raise InputError(f"there is no manifest of exports in {folder}; make it: qsp-crs export.")
    return content


def stale(record: Record, folder: Path) -> list[str]:
    """Why the exports of a folder are not those of a record: one line each, empty if they are.

    Needs no library but Python's own.
    """
    known = read_manifest(folder)
    now = {
        "lock": record.summary,
        "equations_sha256": equations_digest(record.network.feedback, record.network.t_cells),
        "qsp_lib": __version__,
    }
    found = [
        f"{part} is {known.get(part)!r}, now {value!r}"
        for part, value in now.items()
        if known.get(part) != value
    ]
    for path, digest in known["files"].items():
        target = folder / path
        if not target.is_file():
            found.append(f"{path} is missing")
        elif hashlib.sha256(target.read_bytes()).hexdigest() != digest:
            found.append(f"{path} is not as exported")
    return found
