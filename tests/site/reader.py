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

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
"""The source of axe-core, which looks for what keeps people out."""
AXE_RUN = """async (rules) => {
  const options = { resultTypes: ["violations"], preload: false };
  if (rules.length) options.runOnly = rules;
  const found = await axe.run(document, options);
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.slice(0, 5).map((node) =>
      `${id}: ${node.target.join(" ")} | ${node.html.slice(0, 150)} | ${node.failureSummary}`));
}"""
"""Its serious and critical findings in a page that has loaded it, each in a line."""


@dataclass
class Visit:
    """A page that was opened, and what went wrong on it."""

    page: Any
    problems: list[str] = field(default_factory=list)


Open = Callable[..., Visit]
