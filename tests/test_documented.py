"""Every public name is documented and typed, and every example in a docstring runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import qsp_lib

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(qsp_lib.__path__, "qsp_lib.")
    if not module.name.endswith("__main__")
)


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Public functions and classes defined in a module, and the public methods of its classes."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing):
            yield name, thing
            for method, function in vars(thing).items():
                function = getattr(function, "__func__", function)
                if not method.startswith("_") and inspect.isfunction(function):
                    yield f"{name}.{method}", function
                elif isinstance(function, property) and not method.startswith("_"):
                    yield f"{name}.{method}", function.fget
        elif inspect.isfunction(inspect.unwrap(thing)):
            yield name, inspect.unwrap(thing)


def undocumented(module: ModuleType) -> list[str]:
    """Public names without a docstring, of their own or of the base class's method."""
    return [name for name, thing in public(module) if not inspect.getdoc(thing)]


def untyped(module: ModuleType) -> list[str]:
    """Public functions with an argument or a result that has no type."""
    missing = []
    for name, thing in public(module):
        if inspect.isclass(thing):
            continue
        signature = inspect.signature(thing)
        given = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
        if signature.return_annotation is inspect.Signature.empty or any(
            p.annotation is inspect.Parameter.empty for p in given
        ):
            missing.append(name)
    return missing


@pytest.mark.parametrize("name", MODULES)
def test_a_module_and_its_public_names_are_documented_and_typed(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__ or name.endswith("._version"), f"{name} has no docstring"
    assert undocumented(module) == []
    assert untyped(module) == []


def test_what_is_not_documented_or_typed_is_found() -> None:
    module = ModuleType("made_up")
    source = "def f(a: int): return a\nclass C:\n    def m(self) -> None: ...\ndef _g(x): ..."
    exec(compile(source, "made_up", "exec", dont_inherit=True), module.__dict__)
    assert undocumented(module) == ["f", "C", "C.m"]
    assert untyped(module) == ["f"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    counts = [
        len(test.examples)
        for name in MODULES
        for test in finder.find(importlib.import_module(name), name)
    ]
    assert sum(counts) >= 12
