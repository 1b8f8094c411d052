"""Modules put together as one script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import quickjs

from book.explorer import script as javascript
from book.explorer.bundle import bundle, declarations, exported
from qsp_lib.common.errors import InputError


def modules(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder


def test_modules_run_as_one_script_in_the_order_of_their_imports(tmp_path: Path) -> None:
    place = modules(
        tmp_path,
        deep="const base = 2;\nexport function twice(x) {\n  return base * x;\n}\n",
        middle='import { twice } from "./deep.js";\nexport const four = twice(2);\n',
        top='import { four } from "./middle.js";\nimport { twice } from "./deep.js";\n'
        "export class Eight {\n  value = twice(four);\n}\n",
    )
    context = quickjs.Context()
    context.eval(bundle(place, "top.js", name="shown"))
    assert context.eval("new shown.Eight().value") == 8
    assert json.loads(context.eval("JSON.stringify(Object.keys(shown))")) == [
        "twice",
        "four",
        "Eight",
    ]
    assert context.eval("typeof base") == "undefined"


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({"a": 'import { b } from "./b.js";\n'}, "there is no"),
        ({"a": 'import { c } from "./b.js";\n', "b": "export const b = 1;\n"}, "exports no such"),
        (
            {
                "a": 'import { b } from "./b.js";\nexport const a = 1;\n',
                "b": 'import { a } from "./a.js";\nexport const b = 1;\n',
            },
            "a.js imports b.js imports a.js",
        ),
        (
            {
                "a": 'import { b } from "./b.js";\nconst same = 1;\n',
                "b": "const same = 2;\nexport const b = same;\n",
            },
            "both declare 'same'",
        ),
    ],
)
def test_what_cannot_be_put_together_is_said(
    tmp_path: Path, texts: dict[str, str], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        bundle(modules(tmp_path, **texts), "a.js")


def test_names_of_a_module() -> None:
    text = (
        "export const { a, b } = thing;\nasync function c() {\n  const inner = 1;\n}\n"
        "export class D {}\nlet e = 2;\n"
    )
    assert declarations(text) == ("a", "b", "c", "D", "e")
    assert exported(text) == ("a", "b", "D")


def test_every_module_of_the_explorer_is_in_the_page() -> None:
    script = javascript.page_script()
    for path in (javascript.STATIC / javascript.MODULES).glob("*.js"):
        assert f"// {path.name}\n" in script
    assert "\nimport " not in script and "\nexport " not in script
    quickjs.Context().eval(f"new Function({json.dumps(script)})")
