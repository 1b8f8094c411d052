"""Keeping a chapter's figures in vectors while it runs, beside the PNG of its notebook."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ..common import canonical_json, late, write_text_atomic
from .vectors import in_vectors

SCHEMA = 1


def record_figures(file: Path) -> None:
    """From now on write every figure that the notebook shows to a file, in their order.

    The PNG is drawn first and as without this, so that the notebook is the same either way.

    Args:
        file: JSON with ``schema`` and ``figures``, each as `vectors.Vectors` has it.
    """
    formatter = late.IPython.get_ipython().display_formatter.formatters["image/png"]
    shown = formatter.lookup_by_type(Figure)
    kept: list[dict[str, Any]] = []

    def show(figure: Figure) -> Any:
        png = shown(figure)
        kept.append(asdict(in_vectors(figure)))
        write_text_atomic(file, canonical_json({"schema": SCHEMA, "figures": kept}))
        return png

    formatter.for_type(Figure, show)
