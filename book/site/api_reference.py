"""The reference of the package's functions and classes, made from their docstrings."""

from __future__ import annotations

import enum
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import Any

from qsp_lib.common import InputError

from ..pages.fragments import BookData, fragment, table

_SECTION = re.compile(r"(Args|Returns|Raises|Attributes|Yields):")
_ITEM = re.compile(r"(?P<name>[\w, *.]+?): (?P<text>.*)")
_SPAN = re.compile(r"(`[^`]+`)")
_STARS = {str(inspect.Parameter.VAR_POSITIONAL): "*", str(inspect.Parameter.VAR_KEYWORD): "**"}
_LEFT_OUT = re.compile(r"qsp_lib\.(__main__|commands\b|publishing\b)")


GROUPS: dict[str, tuple[str, ...]] = {
    "model": (
        "equations",
        "intermediates",
        "structure",
        "parameters",
        "dosing",
        "schedule",
        "engines",
        "simulate",
        "trajectory",
        "severity",
        "crp",
    ),
    "evidence": (
        "evidence",
        "evidence_row",
        "observations",
        "provenance",
        "drugs",
        "drug_schema",
        "class_defaults",
        "declared_ranges",
        "units",
    ),
    "fit": ("fitting", "calibration", "development", "posterior", "plausibility"),
    "lock": (
        "locking",
        "lock",
        "ledger",
        "seal",
        "eligibility",
        "protocol",
        "blind_test",
        "prediction",
        "prediction_report",
    ),
    "analyses": (
        "rescue",
        "swap",
        "rejection",
        "robustness",
        "stability",
        "sweep",
        "checkpoint",
        "workers",
        "profiles",
        "identifiability",
        "second_profiler",
        "dose_response",
    ),
    "book": (
        "chapters",
        "runner",
        "results",
        "display",
        "figures",
        "explorer",
        "speed_record",
        "checks",
        "tidy",
    ),
    "exports": ("export", "known_answers"),
    "common": ("errors", "files", "exclusive"),
}
"""Pages of the reference ``api_KEY.md``, and the modules on each; a folder's own come after it."""


@fragment("api")
def api(_book: BookData) -> str:
    """Every module with what it is for, by page."""
    parts = []
    for group in GROUPS:
        rows = [(f"[`{name}`](#{name})", _purpose(name)) for name in modules_of(group)]
        parts.append(f"**[](api_{group}.md)**\n\n{table(('module', 'what it holds'), rows)}")
    return "\n".join(parts)


def _register(group: str) -> None:
    @fragment(f"api_{group}")
    def page(_book: BookData) -> str:
        return "\n".join(f"({name})=\n{module_reference(name)}" for name in modules_of(group))


for _group in GROUPS:
    _register(_group)


def modules_of(group: str) -> tuple[str, ...]:
    """Modules on one page of the reference, in the order that :data:`GROUPS` gives."""
    known = documented_modules()
    return tuple(
        name
        for start in GROUPS[group]
        for name in known
        if f"{name}.".startswith(f"qsp_lib.{start}.")
    )


def _purpose(name: str) -> str:
    """The first sentence of a module's description."""
    first = (inspect.getdoc(importlib.import_module(name)) or "").split("\n\n")[0]
    return _prose(" ".join(first.split()))


@cache
def documented_modules() -> tuple[str, ...]:
    """Names of the modules the reference covers, in order of their names."""
    import qsp_lib

    names = (module.name for module in pkgutil.walk_packages(qsp_lib.__path__, "qsp_lib."))
    return tuple(sorted(name for name in names if not _LEFT_OUT.match(name)))


def module_reference(name: str) -> str:
    """The reference of one module, as MyST Markdown.

    Raises:
        InputError: There is no such module.
    """
    try:
        module = importlib.import_module(name)
    except ImportError as problem:
        raise InputError(f"There is no module {name!r} ({problem}).") from problem
    parts = [f"## {name}\n", *_blocks(inspect.getdoc(module) or "")]
    for title, thing in _public(module):
        parts.append(_entry(title, thing))
    return "\n".join(parts)


def _public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Public functions and classes that a module defines, in the order of its source."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing) or inspect.isfunction(inspect.unwrap(thing)):
            yield name, thing


def _entry(name: str, thing: Any) -> str:
    """One function or class as a definition: its signature, then its docstring."""
    lines = [f"`{_call(name, thing)}`", *_definition(_blocks(inspect.getdoc(thing) or ""))]
    for title, method in _methods(thing) if inspect.isclass(thing) else ():
        doc = inspect.getdoc(method)
        lines += ["", f"`{_call(f'{name}.{title}', method)}`", *_definition(_blocks(doc or ""))]
    return "\n".join([*lines, ""])


def _methods(owner: type) -> Iterator[tuple[str, Any]]:
    for name, thing in vars(owner).items():
        if name.startswith("_") or issubclass(owner, enum.Enum):
            continue
        if isinstance(thing, property) and thing.fget is not None:
            yield name, thing
        elif inspect.isfunction(function := getattr(thing, "__func__", thing)):
            yield name, function


def _call(name: str, thing: Any) -> str:
    """A signature such as ``f(path, *, seed=None) -> float``."""
    if isinstance(thing, property):
        return f"{name} -> {_type(inspect.signature(thing.fget).return_annotation)}"  # type: ignore[arg-type]
    if inspect.isclass(thing) and issubclass(thing, enum.Enum):
        return f"{name}: {', '.join(member.name for member in thing)}"
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return name
    try:
        signature = inspect.signature(thing)
    except ValueError:
        return name
    given = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    shown = ", ".join(_parameters(given))
    result = signature.return_annotation
    arrow = "" if result is inspect.Signature.empty or inspect.isclass(thing) else _type(result)
    return f"{name}({shown})" + (f" -> {arrow}" if arrow else "")


def _parameters(given: list[inspect.Parameter]) -> Iterator[str]:
    starred = False
    for parameter in given:
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        starred = starred or parameter.kind is inspect.Parameter.VAR_POSITIONAL
        text = _STARS.get(str(parameter.kind), "") + parameter.name
        if parameter.default is not inspect.Parameter.empty:
            text += f"={_default(parameter.default)}"
        yield text


def _default(value: Any) -> str:
    """A default as it is written; what depends on the machine is left out."""
    plain = value is None or isinstance(value, bool | int | float | str | tuple | dict)
    text = repr(value) if plain else ""
    return text if plain and len(text) <= 30 else "..."


def _type(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return str(text or annotation)


def _definition(lines: list[str]) -> list[str]:
    """Lines as the definition of the term above them; a term alone if there are none."""
    body = [f"    {line}".rstrip() for line in "\n".join(lines).splitlines()]
    if not body:
        return []
    return [f":   {body[0].strip()}", *body[1:]]


def _blocks(doc: str) -> list[str]:
    """A docstring in Google's style as Markdown: paragraphs, code, and lists for its sections."""
    out: list[str] = []
    lines = inspect.cleandoc(doc).splitlines()
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif _SECTION.fullmatch(line.strip()):
            at, body = _indented(lines, at + 1)
            out += [f"*{line.strip()[:-1]}*", "", *_section(body), ""]
        elif line.lstrip().startswith(">>>"):
            at, code = _while(lines, at, lambda text: bool(text.strip()))
            out += ["```python", *code, "```", ""]
        else:
            at, text = _while(
                lines, at, lambda t: bool(t.strip()) and not _SECTION.fullmatch(t.strip())
            )
            paragraph = " ".join(part.strip() for part in text)
            code_follows = paragraph.endswith("::")
            out += [_prose(paragraph[:-1] if code_follows else paragraph), ""]
            if code_follows:
                at, code = _indented(lines, at)
                out += ["```text", *code, "```", ""]
    return out


def _section(body: list[str]) -> list[str]:
    """The items of a section as a list; words without a name stay as they are."""
    items: list[str] = []
    for line in body:
        match = _ITEM.fullmatch(line)
        if match and not line.startswith(" "):
            items.append(f"- `{match['name']}`: {match['text']}")
        elif items:
            items[-1] += f" {line.strip()}"
        elif line.strip():
            items.append(line.strip())
    return [_prose(item) for item in items]


def _indented(lines: list[str], at: int) -> tuple[int, list[str]]:
    """The indented block from ``at`` on, without its indent, and where it ends."""
    end, body = _while(lines, at, lambda text: not text.strip() or text.startswith(" "))
    while body and not body[0].strip():
        body = body[1:]
    while body and not body[-1].strip():
        body = body[:-1]
    return end, inspect.cleandoc("\n".join(["", *body])).splitlines()


def _while(lines: list[str], at: int, holds: Callable[[str], bool]) -> tuple[int, list[str]]:
    start = at
    while at < len(lines) and holds(lines[at]):
        at += 1
    return at, lines[start:at]


def _prose(text: str) -> str:
    """Docstring text as Markdown: roles and literals become code, the rest is escaped."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text)
    text = text.replace("``", "`")
    parts = _SPAN.split(text)
    return "".join(p if p.startswith("`") else re.sub(r"([$<*\[\]|{}])", r"\\\1", p) for p in parts)
