"""One cytokine network, three drugs: the model, its evidence and its chapters."""

from __future__ import annotations

__version__ = "0.1.0"
