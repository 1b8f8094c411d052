"""The reference of the package's functions: a page a wing, by Sphinx's autodoc and napoleon.

Which pages there are and which modules they hold is seen from the folders of the package when the
book is staged; what a page says of a function is its docstring. This module is also an extension of
Sphinx: it tells autodoc and napoleon how docstrings of this package are meant.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import pydoc
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from sphinx.util.nodes import make_refnode

import qsp_lib

from ..pages.fragments import BookData, fragment

if TYPE_CHECKING:
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


def wings(package: Path = Path(qsp_lib.__file__).parent) -> dict[str, tuple[str, ...]]:
    """The wings of the package, each with the full names of its public modules, itself first."""
    return {
        wing.name: tuple(sorted(_modules(wing, package)))
        for wing in sorted(package.iterdir())
        if (wing / "__init__.py").exists() and not wing.name.startswith("_")
    }


def _modules(wing: Path, package: Path) -> Iterator[str]:
    for path in wing.rglob("*.py"):
        parts = path.relative_to(package.parent).with_suffix("").parts
        parts = parts[:-1] if path.name == "__init__.py" else parts
        if not any(part.startswith("_") for part in parts):
            yield ".".join(parts)


@fragment("api")
def api(_book: BookData) -> str:
    """Every module with the first line of its docstring, by page."""
    return "\n".join(
        f"## qsp_lib.{wing}\n\n{_rst('.. autosummary::', '', *_indented(modules))}"
        for wing, modules in wings().items()
    )


def write_pages(folder: Path) -> tuple[Path, ...]:
    """Write the page of every wing, ``api_WING.md``, into the staged pages."""
    paths = []
    for wing, modules in wings().items():
        path = folder / f"api_{wing}.md"
        path.write_text(page(f"qsp_lib.{wing}", modules), encoding="utf-8")
        paths.append(path)
    return tuple(paths)


def page(title: str, modules: Iterable[str]) -> str:
    """A page that documents a wing and its modules, as MyST Markdown; Sphinx fills it in."""
    parts = [f"# {title}\n"]
    for name in modules:
        heading = "" if name == title else f"## {name}\n\n"
        parts.append(heading + _rst(f".. automodule:: {name}"))
        if name == title:
            parts.append(_handed_on(title))
    return "\n".join(parts)


def _handed_on(wing: str) -> str:
    """The names a wing hands on, those of functions and classes as links."""
    face = importlib.import_module(wing)
    shown = [
        f"{{py:obj}}`{name} <{wing}.{name}>`" if _place(getattr(face, name)) else f"`{name}`"
        for name in getattr(face, "__all__", ())
    ]
    return f"To import from here: {', '.join(shown)}.\n" if shown else ""


def _place(thing: Any) -> str:
    """Full name of a function or class of the package; empty for anything else."""
    name = f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', '')}"
    return name if name.startswith("qsp_lib.") and not name.endswith(".") else ""


def _rst(*lines: str) -> str:
    return "\n".join(["```{eval-rst}", *lines, "```", ""])


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"   {line}" for line in lines]


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls to load the extension."""
    app.connect("autodoc-process-docstring", _prose, priority=400)  # before napoleon, at 500
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-skip-member", _skip)
    app.connect("missing-reference", _find)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _prose(_app: Sphinx, what: str, _name: str, _of: Any, _options: Any, lines: list[str]) -> None:
    """What is returned, and what a constant is, is prose: napoleon takes words before a colon for
    a type, unless what is returned is a field already and a first line holds no colon.
    """
    lines[:] = [":returns:" if line == "Returns:" else line for line in lines]
    if what in ("attribute", "data", "property"):
        lines[:0] = ["..", ""]  # a comment of no words


def _signature(
    _app: Sphinx, _what: str, _name: str, thing: Any, _options: Any, given: str | None, result: Any
) -> tuple[str | None, Any]:
    """An enumeration is known by its members, what pydantic checks by its fields as declared."""
    if inspect.isclass(thing) and issubclass(thing, enum.Enum):
        return "", None
    if inspect.isclass(thing) and issubclass(thing, BaseModel):
        bases = [vars(base).get("__annotations__", {}) for base in reversed(thing.__mro__)]
        declared = {name: kind for found in bases for name, kind in found.items()}
        fields = [f"{name}: {declared[name]}" for name in thing.model_fields]
        return f"({', '.join(['*', *fields])})" if fields else "", None
    return given, result


def _skip(_app: Sphinx, _what: str, name: str, thing: Any, _skipped: bool, _options: Any) -> Any:
    """Members of an enumeration need no docstrings of their own; pydantic's words are not ours."""
    if isinstance(thing, enum.Enum):
        return False
    return True if name == "model_config" else None


def _find(app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: Any) -> Any:
    """What a wing hands on is described where it is defined; other packages' names stay text.

    A role that names nothing is left to Sphinx, which warns.
    """
    if node.get("refdomain") != "py":
        return None
    if node["reftarget"].startswith("qsp_lib."):
        name = _place(pydoc.locate(node["reftarget"]))
        if place := env.get_domain("py").objects.get(name):  # type: ignore[attr-defined]
            return make_refnode(
                app.builder, node["refdoc"], place.docname, place.node_id, shown, name
            )
    in_annotation = "refwarn" not in node  # which a role sets
    return shown if in_annotation else None
