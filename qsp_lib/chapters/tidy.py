"""Make an executed notebook the same to the byte whenever its numbers are the same.

Taken out or renumbered: papermill's and the timing metadata, the interpreter's version, random
cell and widget ids, the splitting of printed text into messages, and the name of the plotting
library that is written into images. Nothing that a reader sees is changed.
"""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Mapping
from typing import Any

from ..common import canonical_json

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
_DROPPED_FROM_NOTEBOOK = ("papermill", "toc", "vscode", "signature")
_DROPPED_FROM_CELL = ("papermill", "execution", "ExecuteTime", "vscode", "trusted")
_WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_NOTES = (b"tEXt", b"zTXt", b"iTXt", b"tIME")


def tidy(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """A tidied copy of a notebook of format 4, given as JSON."""
    result: dict[str, Any] = json.loads(json.dumps(notebook))
    metadata = result["metadata"]
    for key in _DROPPED_FROM_NOTEBOOK:
        metadata.pop(key, None)
    metadata["kernelspec"] = dict(KERNEL)
    metadata["language_info"] = dict(LANGUAGE)
    for number, cell in enumerate(result["cells"], 1):
        cell["id"] = f"cell-{number:03d}"
        for key in _DROPPED_FROM_CELL:
            cell["metadata"].pop(key, None)
        if not cell["metadata"].get("tags", True):
            del cell["metadata"]["tags"]
        if cell["cell_type"] == "code":
            cell["outputs"] = _joined([_tidy_output(output) for output in cell["outputs"]])
    result["nbformat"], result["nbformat_minor"] = 4, 5
    result = _renumber_widgets(result)
    for cell in result["cells"]:
        cell["source"] = _lines(cell["source"])
        for output in cell.get("outputs", ()):
            if output["output_type"] == "stream":
                output["text"] = _lines(output["text"])
    return result


def as_text(notebook: Mapping[str, Any]) -> str:
    """The notebook as it is written to disk: sorted keys, one space of indent, final newline."""
    return canonical_json(notebook)


def strip_png_notes(png: bytes) -> bytes:
    """A PNG without its text and time chunks; anything that is not a PNG is returned as it is."""
    if not png.startswith(_PNG_SIGNATURE):
        return png
    kept, at = [_PNG_SIGNATURE], len(_PNG_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        chunk = png[at : at + 12 + length]
        if chunk[4:8] not in _PNG_NOTES:
            kept.append(chunk)
        at += 12 + length
    return b"".join(kept)


def _lines(text: str | list[str]) -> list[str]:
    """A text as a list of lines, which is how a notebook is best compared line by line."""
    return (text if isinstance(text, str) else "".join(text)).splitlines(keepends=True)


def _tidy_output(output: dict[str, Any]) -> dict[str, Any]:
    output.pop("transient", None)
    if output.get("metadata"):
        output["metadata"].pop("execution", None)
    png = output.get("data", {}).get("image/png")
    if png is not None:
        encoded = png if isinstance(png, str) else "".join(png)
        stripped = strip_png_notes(base64.b64decode(encoded))
        output["data"]["image/png"] = base64.b64encode(stripped).decode("ascii")
    return output


def _joined(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbouring texts of one stream as one: where a kernel flushes is a matter of timing."""
    result: list[dict[str, Any]] = []
    for output in outputs:
        if output["output_type"] == "stream":
            text = output["text"]
            output["text"] = text if isinstance(text, str) else "".join(text)
            last = result[-1] if result else {}
            if last.get("output_type") == "stream" and last["name"] == output["name"]:
                last["text"] += output["text"]
                continue
        result.append(output)
    return result


def _renumber_widgets(notebook: dict[str, Any]) -> dict[str, Any]:
    """Replace random widget ids by numbers, and drop the state of widgets that are not shown.

    The state also holds widgets that a kernel made and nothing displays, a progress bar that was
    closed for one; what is kept is what the displayed widgets refer to, directly or not.
    """
    widgets = notebook["metadata"].pop("widgets", {}).get(_WIDGET_STATE)
    if not widgets:
        return notebook
    state: dict[str, Any] = widgets["state"]
    order: list[str] = []
    waiting = re.findall(
        rf'"{re.escape(_WIDGET_VIEW)}": {{[^}}]*"model_id": "(\w+)"',
        json.dumps(notebook["cells"], sort_keys=True),
    )
    while waiting:
        model = waiting.pop(0)
        if model in state and model not in order:
            order.append(model)
            waiting += re.findall(r"IPY_MODEL_(\w+)", json.dumps(state[model], sort_keys=True))
    if not order:
        return notebook
    widgets["state"] = {model: state[model] for model in order}
    notebook["metadata"]["widgets"] = {_WIDGET_STATE: widgets}
    numbers = {model: f"{number:032x}" for number, model in enumerate(order, 1)}
    pattern = re.compile("|".join(numbers))
    text = pattern.sub(lambda match: numbers[match[0]], json.dumps(notebook))
    renumbered: dict[str, Any] = json.loads(text)
    return renumbered
