"""One function a figure, in one style. It takes results and gives a figure; it computes nothing.

Nothing that computes imports a figure: notebooks, the explorer and the command line do. The style
is here, the figures are in a module a subject.
"""

from .style import (
    COLOURS,
    CYTOKINE_LABELS,
    LABELS,
    SMALLEST_EIGENVALUE,
    STRUCTURES,
    STYLE,
    WIDTH,
    use_style,
)

__all__ = [
    "COLOURS",
    "CYTOKINE_LABELS",
    "LABELS",
    "SMALLEST_EIGENVALUE",
    "STRUCTURES",
    "STYLE",
    "WIDTH",
    "use_style",
]
