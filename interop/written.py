"""How the scripts of this folder write what they found: whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write(content: dict[str, Any], target: Path) -> None:
    """Write what was found as JSON; the folder is made if need be.

    Raises:
        OSError: the folder refuses the file. What was there before is as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
