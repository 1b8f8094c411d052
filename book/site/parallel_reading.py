"""Pages read and written by several processes, where every extension allows it.

A Sphinx extension, loaded by name in ``_config.yml``: it says of one that does not say so itself
that it may be used so. ``sphinx_multitoc_numbering`` numbers the chapters when all pages have been
read, in the process that has read them; Sphinx takes its silence for a no, and reads one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SILENT = "sphinx_multitoc_numbering"


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls to load the extension."""
    app.setup_extension(SILENT)
    extension = app.extensions[SILENT]
    extension.parallel_read_safe = extension.parallel_write_safe = True
    return {"parallel_read_safe": True, "parallel_write_safe": True}
