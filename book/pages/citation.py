"""How to cite this copy, as ``CITATION.cff`` says it."""

from __future__ import annotations

import yaml

from qsp_lib.chapters import notebooks
from qsp_lib.protocol import current_record

from .fragments import BookData, fragment


@fragment("cite")
def cite(_book: BookData) -> str:
    """Authors, title, version and lock in one line, and where the data are."""
    cited = yaml.safe_load((notebooks.ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    authors = ", ".join(author["name"] for author in cited["authors"])
    record = current_record()
    sealed = ", ".join(f"`{name}`" for name in sorted(record.sealed_hashes))
    return (
        f"**Cite this.** {authors}. *{cited['title']}*. Version {cited['version']}, "
        f"lock {record.version} of {record.date} (`{record.digest[:12]}`). "
        "`CITATION.cff` in the repository says it for reference managers.\n\n"
        "**Data.** Every input is in the repository, with its source ([](data.md)). The tables "
        f"that a prediction is to be tested on are not ({sealed}): they are sealed, and the lock "
        "record holds their hashes.\n"
    )
