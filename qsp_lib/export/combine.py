"""The COMBINE archive (OMEX): models, simulations and reference courses in one file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from ..protocol import Record
from . import sedml
from .courses import ATOL, RTOL, reference_courses, reference_csv
from .sbml import DEFAULT_DRUG, models
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
    files = {f"sbml/{name}.xml": text for name, text in models(record).items()}
    files[SIMULATIONS] = sedml.simulations(record)
    for course in reference_courses():
        files[f"{REFERENCE}/{course.name}.csv"] = reference_csv(record, course)
    files["README.md"] = _readme(record)
    files["metadata.rdf"] = _metadata(record)
    return files


def archive(record: Record) -> bytes:
    """The archive as it is written to ``qsp-crs.omex``."""
    files = members(record)
    whole = {"manifest.xml": _manifest(files), **dict(sorted(files.items()))}
    encoded = {path: text.encode("utf-8") for path, text in whole.items()}
    return packed(encoded, record.date)


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


def _metadata(record: Record) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
         xmlns:dcterms="http://purl.org/dc/terms/"
         xmlns:vCard="http://www.w3.org/2006/vcard/ns#">
  <rdf:Description rdf:about=".">
    <dcterms:description>{escape(_about(record))}</dcterms:description>
    <dcterms:creator>
      <rdf:Bag>
        <rdf:li rdf:parseType="Resource">
          <vCard:organization-name>{escape(CREATORS)}</vCard:organization-name>
        </rdf:li>
      </rdf:Bag>
    </dcterms:creator>
    <dcterms:created rdf:parseType="Resource">
      <dcterms:W3CDTF>{record.date}T00:00:00Z</dcterms:W3CDTF>
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


def _readme(record: Record) -> str:
    lines = [
        "# One cytokine network, three drugs",
        "",
        _about(record),
        "",
        "`simulations.sedml` runs every course below over one week. `reference/` holds the same "
        f"courses by SciPy at rtol {RTOL:g}, atol {ATOL:g} in each state's own unit: time in "
        "hours, one column a state; at the time of a dose, the value just after it.",
        "",
        "| course | model | what it is |",
        "| --- | --- | --- |",
        *(
            f"| `{course.name}` | `sbml/{course.model}.xml` | {course.title(record)} |"
            for course in reference_courses()
        ),
        "",
        "`sbml/network.xml` is the network for any drug, without doses; it holds the inputs of "
        f"{DEFAULT_DRUG} until others are set.",
        "",
    ]
    return "\n".join(lines)
