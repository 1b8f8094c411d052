"""The COMBINE archive (OMEX): models, simulations and reference courses in one file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from ..model import HORIZON_H
from ..protocol import Record
from . import sedml
from .courses import ATOL, RTOL, ReferenceCourse, reference_courses, reference_csv
from .sbml import DEFAULT_DRUG, about, network, texts
from .sbml_model import CREATORS, program

NAME = "qsp-crs.omex"
SIMULATIONS = "simulations.sedml"
REFERENCE = "reference"
_COMBINE = "http://identifiers.org/combine.specifications/"
_FORMATS = {
    ".xml": f"{_COMBINE}sbml.level-3.version-2",
    ".sedml": f"{_COMBINE}sed-ml.level-{sedml.LEVEL}.version-{sedml.VERSION}",
    ".rdf": f"{_COMBINE}omex-metadata",
    ".csv": "https://purl.org/NET/mediatypes/text/csv",
    ".md": "https://purl.org/NET/mediatypes/text/markdown",
}
_LICENCE = "https://creativecommons.org/publicdomain/zero/1.0/"


def members(record: Record) -> dict[str, str]:
    """Text of every member but the archive's own manifest, by its path in the archive."""
    courses = reference_courses(record)
    known = {"network": network(record)}
    return _members(courses, known, _about(record), record.date, about(record))


def archive(record: Record) -> bytes:
    """The archive as it is written to ``qsp-crs.omex``."""
    return _packed(members(record), record.date)


def archive_of(courses: Sequence[ReferenceCourse], words: str, date: str) -> bytes:
    """An archive of courses of one's own, without the network for any drug.

    Args:
        words: what it is, for people.
        date: the day it is of, ``YYYY-MM-DD``.

    Raises:
        LockError: a drug that may be simulated from a lock record alone.
    """
    return _packed(_members(courses, {}, words, date, (words,)), date)


def _members(
    courses: Sequence[ReferenceCourse],
    known: Mapping[str, str],
    words: str,
    date: str,
    notes: Iterable[str],
) -> dict[str, str]:
    """Members of an archive; ``known`` are texts of models beside those of the courses."""
    models = {course.model.name: course.model for course in courses}
    written = {**known, **texts(models.values(), date, notes)}
    files = {f"sbml/{name}.xml": text for name, text in written.items()}
    files[SIMULATIONS] = sedml.simulations(courses)
    for course in courses:
        files[f"{REFERENCE}/{course.name}.csv"] = reference_csv(course)
    files["README.md"] = _readme(courses, words, bool(known))
    files["metadata.rdf"] = _metadata(words, date)
    return files


def _packed(files: Mapping[str, str], date: str) -> bytes:
    whole = {"manifest.xml": _manifest(files), **dict(sorted(files.items()))}
    return packed({path: text.encode("utf-8") for path, text in whole.items()}, date)


def packed(files: Mapping[str, bytes], date: str) -> bytes:
    """Files in one zip file, in the order given.

    They are stored uncompressed and all of one day, so that the same files give the same bytes
    whatever compression library is installed.

    Args:
        date: the day, ``YYYY-MM-DD``.
    """
    year, month, day = (int(part) for part in date.split("-"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as pack:
        for path, data in files.items():
            member = zipfile.ZipInfo(path, (year, month, day, 0, 0, 0))
            member.create_system, member.external_attr = 3, 0o644 << 16  # as on Unix, everywhere
            pack.writestr(member, data)
    return buffer.getvalue()


def _manifest(files: Mapping[str, str]) -> str:
    rows = [(".", f"{_COMBINE}omex"), ("./manifest.xml", f"{_COMBINE}omex-manifest")]
    rows += [(f"./{path}", _FORMATS[path[path.rindex(".") :]]) for path in sorted(files)]
    lines = [
        f"  <content location={quoteattr(path)} format={quoteattr(kind)}"
        + (' master="true"' if path == f"./{SIMULATIONS}" else "")
        + "/>"
        for path, kind in rows
    ]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<omexManifest xmlns="{_COMBINE}omex-manifest">',
            *lines,
            "</omexManifest>\n",
        ]
    )


def _metadata(words: str, date: str) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
         xmlns:dcterms="http://purl.org/dc/terms/"
         xmlns:vCard="http://www.w3.org/2006/vcard/ns#">
  <rdf:Description rdf:about=".">
    <dcterms:description>{escape(words)}</dcterms:description>
    <dcterms:creator>
      <rdf:Bag>
        <rdf:li rdf:parseType="Resource">
          <vCard:organization-name>{escape(CREATORS)}</vCard:organization-name>
        </rdf:li>
      </rdf:Bag>
    </dcterms:creator>
    <dcterms:created rdf:parseType="Resource">
      <dcterms:W3CDTF>{date}T00:00:00Z</dcterms:W3CDTF>
    </dcterms:created>
    <dcterms:license rdf:resource="{_LICENCE}"/>
  </rdf:Description>
</rdf:RDF>
"""


def _about(record: Record) -> str:
    return (
        "One cytokine network, three drugs: cytokine release under T-cell engaging antibodies. "
        f"Research model, not medical advice. Lock record {record.version}, SHA-256 "
        f"{record.digest}. Written by {program()}."
    )


def _readme(courses: Sequence[ReferenceCourse], words: str, with_network: bool) -> str:
    horizons = sorted({course.model.horizon_h for course in courses})
    span = "one week" if horizons == [HORIZON_H] else "its time"
    lines = [
        "# One cytokine network, three drugs",
        "",
        words,
        "",
        f"`simulations.sedml` runs every course below over {span}. `reference/` holds the same "
        f"courses by SciPy at rtol {RTOL:g}, atol {ATOL:g} in each state's own unit: time in "
        "hours, one column a state; at the time of a dose, the value just after it.",
        "",
        "| course | model | what it is |",
        "| --- | --- | --- |",
        *(
            f"| `{course.name}` | `sbml/{course.model.name}.xml` | {course.title} |"
            for course in courses
        ),
        "",
    ]
    if with_network:
        lines += [
            "`sbml/network.xml` is the network for any drug, without doses; it holds the inputs of "
            f"{DEFAULT_DRUG} until others are set.",
            "",
        ]
    return "\n".join(lines)
