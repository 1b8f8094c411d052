"""What the site tests share: where the built book is, and a page that was opened in a browser."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qsp_lib.chapters.runner import BUILD

HTML = Path(os.environ.get("QSP_SITE_HTML", BUILD / "html"))
"""The book to look at; the variable names another copy of it."""
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@dataclass
class Visit:
    """A page that was opened, and what went wrong on it."""

    page: Any
    problems: list[str] = field(default_factory=list)


Open = Callable[..., Visit]
