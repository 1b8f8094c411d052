from __future__ import annotations

import base64
import copy
import struct
import zlib
from typing import Any

import pytest
from example_chapters import code, markdown, notebook

from qsp_lib.chapters.tidy import as_text, strip_png_notes, tidy


def png(*notes: tuple[bytes, bytes]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            *(chunk(kind, data) for kind, data in notes),
            chunk(b"IDAT", zlib.compress(b"\x00\xff")),
            chunk(b"IEND", b""),
        ]
    )


def run(cell: dict[str, Any], *outputs: dict[str, Any]) -> dict[str, Any]:
    return cell | {"outputs": list(outputs), "execution_count": 1}


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def widgets(*ids: str) -> dict[str, Any]:
    """A notebook that shows widget ``ids[0]``, whose children are the others."""
    box, *children = ids
    view = {
        "output_type": "display_data",
        "metadata": {},
        "data": {
            "application/vnd.jupyter.widget-view+json": {"model_id": box, "version_major": 2},
            "text/plain": "VBox",
        },
    }
    state = {child: {"model_name": "Float", "state": {}} for child in children}
    state[box] = {
        "model_name": "VBox",
        "state": {"children": [f"IPY_MODEL_{child}" for child in children]},
    }
    content = notebook([run(code("box"), view)])
    content["metadata"]["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {"state": state, "version_major": 2}
    }
    return content


def test_timing_and_papermill_metadata_go() -> None:
    cell = code(
        "1", papermill={"duration": 1}, execution={"a": "b"}, tags=["kept"], mystnb={"x": 1}
    )
    content = notebook([cell, markdown("text")])
    content["metadata"]["papermill"] = {"start_time": "now"}
    content["metadata"]["language_info"] = {"version": "3.11.7"}
    result = tidy(content)
    assert result["cells"][0]["metadata"] == {"tags": ["kept"], "mystnb": {"x": 1}}
    assert "papermill" not in result["metadata"]
    assert "version" not in result["metadata"]["language_info"]
    assert result["metadata"]["qsp"] == {"after": []}


def test_cell_ids_are_numbers_in_order() -> None:
    result = tidy(notebook([markdown("a"), code("b")]))
    assert [cell["id"] for cell in result["cells"]] == ["cell-001", "cell-002"]


def test_where_printed_text_was_split_does_not_matter() -> None:
    whole = tidy(notebook([run(code("x"), stream("a\nb\n"), stream("w", "stderr"))]))
    split = tidy(
        notebook([run(code("x"), stream("a\n"), stream("b"), stream("\n"), stream("w", "stderr"))])
    )
    assert whole == split
    assert whole["cells"][0]["outputs"][0]["text"] == ["a\n", "b\n"]


def test_random_widget_ids_do_not_matter() -> None:
    one, two = (
        tidy(widgets("a" * 32, "b" * 32, "c" * 32)),
        tidy(widgets("f" * 32, "0" * 32, "d" * 32)),
    )
    assert as_text(one) == as_text(two)
    state = one["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert list(state) == [f"{number:032x}" for number in (1, 2, 3)]
    assert state[f"{1:032x}"]["state"]["children"] == [f"IPY_MODEL_{2:032x}", f"IPY_MODEL_{3:032x}"]


def test_widgets_that_nothing_shows_go() -> None:
    content = widgets("a" * 32, "b" * 32)
    states = content["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    states["e" * 32] = {"model_name": "Closed", "state": {}}
    assert as_text(tidy(content)) == as_text(tidy(widgets("a" * 32, "b" * 32)))
    content["cells"] = []
    assert "widgets" not in tidy(content)["metadata"]


def test_the_plotting_library_is_not_named_in_images() -> None:
    noted = png((b"tEXt", b"Software\x00Some version"), (b"tIME", b"1234567"))
    assert strip_png_notes(noted) == png()
    assert strip_png_notes(png()) == png()
    output = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"image/png": base64.b64encode(noted).decode() + "\n"},
    }
    kept = tidy(notebook([run(code("plot"), output)]))["cells"][0]["outputs"][0]["data"]
    assert base64.b64decode(kept["image/png"]) == png()


def test_what_is_not_a_png_is_left_alone() -> None:
    assert strip_png_notes(b"GIF89a") == b"GIF89a"


@pytest.mark.parametrize("content", [widgets("a" * 32, "b" * 32), notebook([code("x\ny")])])
def test_tidying_twice_changes_nothing_and_the_original_stays(content: dict[str, Any]) -> None:
    before = copy.deepcopy(content)
    once = tidy(content)
    assert content == before
    assert as_text(tidy(once)) == as_text(once)
