"""What stands in the cells of a chapter, for tests of it: run as far as a test needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qsp_lib.chapters import notebooks


def cells_of(
    name: str,
    through: str,
    changed: Mapping[str, str] | None = None,
    **parameters: Any,
) -> dict[str, Any]:
    """Names that a chapter's code cells define, from the first to the one that holds ``through``.

    Args:
        name: the chapter.
        through: text of the last cell that is run.
        changed: text in the cells, and what a reader puts in its place.
        parameters: values in place of the notebook's own.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    sources = [
        notebooks.source_of(cell)
        for cell in notebooks.read_notebook(name)["cells"]
        if cell["cell_type"] == "code"
    ]
    last = next(i for i, source in enumerate(sources) if through in source)
    left = dict(changed or {})
    for i, source in enumerate(sources[: last + 1]):
        for old in [old for old in left if old in source]:
            source = source.replace(old, left.pop(old))
        exec(compile(source, f"{name}, code cell {i + 1}", "exec"), namespace)
        if i == 0:
            namespace |= parameters
    assert not left, f"{name} has no {list(left)}"
    return namespace
